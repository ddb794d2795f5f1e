import { useState } from 'react';
import type { Check } from '../../main/contract/shapes.ts';
import { useAction } from '../bridge.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { CheckList, checksAsText, countChecks } from '../ui/check-list.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { TextBlock } from '../ui/text-block.tsx';
import styles from './doctor.module.css';

/** Everything that can be wrong with this installation, checked when asked for. */
export function Doctor() {
  const doctor = useAction();
  const announce = useAnnounce();
  const [checks, setChecks] = useState<Check[]>();

  async function run(): Promise<void> {
    const done = await doctor.run('runDoctor', {});
    if (done === undefined) return;
    setChecks(done.reply.checks);
    announce(`Checked: ${countChecks(done.reply.checks)}`);
  }

  return (
    <>
      <ScreenHeading>Doctor</ScreenHeading>
      <p className={styles['lead']}>
        Checks the providers, what the application may do in the directory, the clock, the keyring, stored
        passwords, ports and the audit, and says what to do about each fault.
      </p>
      <div className={styles['head']}>
        <Button kind="primary" busy={doctor.busy} onClick={() => void run()}>
          {checks === undefined ? 'Run all checks' : 'Run again'}
        </Button>
        <output className={styles['progress']}>
          {doctor.busy && (
            <>
              <span className={styles['spinner']} aria-hidden="true" />
              Checking. This takes up to a minute.
            </>
          )}
        </output>
        {checks !== undefined && !doctor.busy && (
          <p className={styles['count']} data-testid="count">
            {countChecks(checks)}
          </p>
        )}
      </div>
      <ProblemPanel problem={doctor.problem} onDismiss={doctor.dismiss} />
      {checks !== undefined && !doctor.busy && (
        <>
          <CheckList checks={checks} label="Findings" />
          <details className={styles['text']}>
            <summary>As text, to pass on</summary>
            <div>
              <TextBlock label="Findings as text" text={checksAsText(checks)} copied="Findings copied" />
            </div>
          </details>
        </>
      )}
    </>
  );
}
