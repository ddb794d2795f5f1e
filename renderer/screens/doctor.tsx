import { useState } from 'react';
import type { Check } from '../../main/contract/shapes.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { doctor as t } from '../texts/en/doctor.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { CheckList, checksAsText } from '../ui/check-list.tsx';
import { countChecks } from '../ui/count-checks.ts';
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
    announce(t.checked(countChecks(done.reply.checks)));
  }

  return (
    <>
      <ScreenHeading>{t.doctor}</ScreenHeading>
      <p className={styles['lead']}>{t.checksTheProvidersWhatThe}</p>
      <div className={styles['head']}>
        <Button kind="primary" busy={doctor.busy} onClick={() => void run()}>
          {checks === undefined ? t.runAllChecks : t.runAgain}
        </Button>
        <output className={styles['progress']}>
          {doctor.busy && (
            <>
              <span className={styles['spinner']} aria-hidden="true" />
              {t.checkingThisTakesUpToA}
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
          <CheckList checks={checks} label={common.findings} />
          <details className={styles['text']}>
            <summary>{t.asTextToPassOn}</summary>
            <div>
              <TextBlock label={t.findingsAsText} text={checksAsText(checks)} copied={t.findingsCopied} />
            </div>
          </details>
        </>
      )}
    </>
  );
}
