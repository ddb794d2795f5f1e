import { type ReactNode, useState } from 'react';
import type { Account, AppState, DatabaseSession } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { frame as t } from '../texts/en/frame.ts';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { Name } from '../ui/name.tsx';

/** "One database session ends at once", of those that stand on what is about to go. */
export function endsAtOnce(live: number): string {
  return t.databaseSessionsEndAtOnce(live);
}

export const liveOf = (sessions: readonly DatabaseSession[], { username }: Account): number =>
  sessions.filter((session) => session.username === username).length;

/** Asks once, with the number, before a sign-out that ends database sessions; `question` is to be shown where it stands. */
export function useSignOutQuestion({ databaseSessions, accounts }: AppState): {
  ask(account: Account): void;
  question: ReactNode;
} {
  const signOut = useAction();
  const [account, setAccount] = useState<Account>();
  const as = accounts.length < 2 || account === undefined ? {} : { as: account.objectId };
  return {
    ask: setAccount,
    question: account !== undefined && (
      <ConfirmDialog
        question={{
          title: t.signOutQuestion,
          text: (
            <p>
              {t.queriesThatRunStop(
                <Name>{account.username}</Name>,
                endsAtOnce(liveOf(databaseSessions, account)),
              )}
            </p>
          ),
          confirm: t.signOutShort,
        }}
        action={signOut}
        onConfirm={async () => (await signOut.run('signOut', as)) !== undefined}
        onClose={() => setAccount(undefined)}
      />
    ),
  };
}
