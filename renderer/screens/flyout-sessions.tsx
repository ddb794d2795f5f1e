import { useRef, useState } from 'react';
import type { AppState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { access } from '../texts/en/access.ts';
import { activity } from '../texts/en/activity.ts';
import { flyout as t } from '../texts/en/flyout.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { timeOfDay, useNow } from '../ui/time.ts';
import styles from './flyout.module.css';

const mostSessions = 4;

/** Who is connected right now, the last first, and the way to end that. */
export function FlyoutSessions({ state: { databaseSessions, connections } }: { state: AppState }) {
  const cut = useAction();
  const announce = useAnnounce();
  const heading = useRef<HTMLHeadingElement>(null);
  const now = useNow(60_000);
  const [asks, setAsks] = useState(false);
  const titles = new Map(connections.map(({ name, title }) => [name, title]));
  const live = databaseSessions.length;
  const shown = databaseSessions.toReversed().slice(0, mostSessions);

  function tellEnded(): void {
    announce(activity.allSessionsEnded);
    // The button that had the focus has gone.
    heading.current?.focus();
  }

  return (
    <section aria-labelledby="sessions">
      <div className={styles['row']}>
        <h2 id="sessions" ref={heading} tabIndex={-1}>
          {t.liveSessions} {live > 0 && <small>{live}</small>}
        </h2>
        {live > 0 && (
          <Button kind="danger" onClick={() => setAsks(true)}>
            {activity.endAll}
          </Button>
        )}
      </div>
      {live === 0 ? (
        <p className={styles['none']}>{activity.nobodyIsConnected}</p>
      ) : (
        <ul className={styles['sessions']} aria-label={activity.sessions}>
          {shown.map(({ id, process, connection, since }) => (
            <li key={id}>
              {t.onSince(
                <Name>{process?.program ?? activity.unknownProgram}</Name>,
                <Name>{titles.get(connection) ?? connection}</Name>,
                timeOfDay(since, now),
              )}
            </li>
          ))}
          {live > shown.length && <li>{t.more(live - shown.length)}</li>}
        </ul>
      )}
      {asks && (
        <ConfirmDialog
          question={{
            title: activity.endAllSessions,
            text: <p>{activity.sessionsEndAtOnce(live)}</p>,
            confirm: activity.endAll,
          }}
          action={cut}
          onConfirm={async () => (await cut.run('cutSessions', { all: true })) !== undefined}
          onDone={tellEnded}
          onClose={() => setAsks(false)}
        />
      )}
    </section>
  );
}

/** Does as for a locked screen; asks before, where that ends live sessions. */
export function FlyoutLock({ state }: { state: AppState }) {
  const { lockedSince, policies, databaseSessions } = state;
  const action = useAction();
  const announce = useAnnounce();
  const [asks, setAsks] = useState(false);
  const live = databaseSessions.length;
  const ends = (policies?.onLock.value ?? 'keep') !== 'keep' && live > 0;

  async function lock(): Promise<boolean> {
    if ((await action.run('lock', {})) === undefined) return false;
    announce(t.locked);
    return true;
  }

  async function letIn(): Promise<void> {
    if ((await action.run('unlockAtScreen', {})) !== undefined) announce(access.loginsAreLetInAgain);
  }

  return (
    <>
      {lockedSince === undefined ? (
        <Button busy={action.busy} onClick={() => (ends ? setAsks(true) : void lock())}>
          {t.lock}
        </Button>
      ) : (
        <Button busy={action.busy} onClick={() => void letIn()}>
          {access.letLoginsInAgain}
        </Button>
      )}
      <ProblemPanel problem={asks ? undefined : action.problem} />
      {asks && (
        <ConfirmDialog
          question={{
            title: t.lockQuestion,
            text: <p>{activity.sessionsEndAtOnce(live)}</p>,
            confirm: t.lock,
          }}
          action={action}
          onConfirm={lock}
          onClose={() => setAsks(false)}
        />
      )}
    </>
  );
}
