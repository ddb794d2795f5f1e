import { type RefObject, useRef, useState } from 'react';
import type { ActionReply, ActionRequest } from '../../main/contract/action-schemas.ts';
import type { AppState } from '../../main/contract/state.ts';
import { type ActionRunner, useAction } from '../bridge.ts';
import { late } from '../late.tsx';
import { common } from '../texts/en/common.ts';
import { access as t } from '../texts/en/access.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { countChecks } from '../ui/count-checks.ts';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { useAs } from './accounts.tsx';
import styles from './connections.module.css';

const Findings = late(async () => (await import('./connection-findings.tsx')).Findings, null);

type Found = ActionReply<'testConnection'>;
type Request = Omit<ActionRequest<'testConnection'>, 'id' | 'as'>;

export interface ConnectionTest {
  action: ActionRunner;
  /** Absent until it has ended once, and while it runs. */
  found: Found | undefined;
  step: 'dialling' | 'logging-in' | undefined;
  run(request: Request): Promise<void>;
  cancel(): void;
}

/** A test of a database, as it goes on, and the button that starts it, which has the focus again after a cancel. */
export function useConnectionTest({ connectionTests = [] }: Pick<AppState, 'connectionTests'>): {
  test: ConnectionTest;
  button: RefObject<HTMLButtonElement | null>;
} {
  const action = useAction();
  const stop = useAction();
  const as = useAs();
  const announce = useAnnounce();
  const button = useRef<HTMLButtonElement>(null);
  const [id, setId] = useState('');
  const [found, setFound] = useState<Found>();

  async function run(request: Request): Promise<void> {
    const begun = `window-${Date.now().toString(36)}`;
    setId(begun);
    setFound(undefined);
    const done = await action.run('testConnection', { ...request, ...as, id: begun });
    if (done === undefined) return;
    setFound(done.reply);
    announce(t.tested(countChecks(done.reply.checks)));
  }

  const step = connectionTests.find((test) => test.id === id)?.step;
  const cancel = (): void => {
    button.current?.focus();
    void stop.run('cancelConnectionTest', { id });
  };
  return { test: { action, found, step, run, cancel }, button };
}

/** How far a test is, and what it has found. */
export function TestReport({ test, name }: { test: ConnectionTest; name: string }) {
  const { action, found, step } = test;
  return (
    <>
      <div className={styles['progress']}>
        <output>
          {action.busy && (step === 'logging-in' ? t.theServerAnswersLoggingIn : t.diallingTheServer)}
        </output>
        {action.busy && (
          <Button kind="quiet" label={t.cancelTheTestOf(name)} onClick={test.cancel}>
            {common.cancel}
          </Button>
        )}
      </div>
      <ProblemPanel problem={action.problem} onDismiss={action.dismiss} />
      {found !== undefined && !action.busy && <Findings found={found} label={t.findingsFor(name)} />}
    </>
  );
}
