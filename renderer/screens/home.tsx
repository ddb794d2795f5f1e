import { useEffect } from 'react';
import type { AppState, SignedInAccount } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/empty.tsx';
import { Icon } from '../ui/icon.tsx';
import { Callout, ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { roughly, timeOfDay, useNow } from '../ui/time.ts';
import { Awaited } from './accounts.tsx';
import { LockedKeyring } from './locked-keyring.tsx';
import { ConnectionCard } from './connection-card.tsx';
import type { Ways } from './lacks.tsx';
import { Groups } from './groups.tsx';
import { Name } from '../ui/name.tsx';
import styles from './home.module.css';

/** Which accounts are signed in, each until when, and what that opens. */
export function Home({ state, ways, onAdd }: { state: AppState; ways: Ways; onAdd(): void }) {
  useLook();
  const { accounts } = state;
  // What one can use comes first; what one cannot is still there, with the reason.
  const open = state.connections.filter(({ grants }) => grants.length > 0);
  const closed = state.connections.filter(({ grants }) => grants.length === 0);
  return (
    <>
      <Accounts state={state} />
      <div className={styles['more']}>
        <Button kind="quiet" onClick={onAdd}>
          Add an account
        </Button>
      </div>
      {state.lockedSince !== undefined && <Locked since={state.lockedSince} />}
      <LockedKeyring seal={state.seal} />
      <ProblemPanel problem={state.signInProblem} />
      <Awaited state={state} />
      <section className={styles['section']} aria-labelledby="connections">
        <h2 id="connections">Your connections</h2>
        {state.connections.length === 0 && (
          <Empty icon="database" title="No connection is set up yet">
            Add one under Connections, or import the list of a tool that knows it.
          </Empty>
        )}
        <ul className={styles['cards']}>
          {[...open, ...closed].map((connection) => (
            <ConnectionCard key={connection.name} connection={connection} ways={ways} />
          ))}
        </ul>
      </section>
      {accounts.map(({ account, groups, groupsReadAt }) => (
        <Groups
          key={account.objectId}
          groups={groups}
          readAt={groupsReadAt}
          {...(accounts.length > 1 ? { whose: account.username } : {})}
        />
      ))}
    </>
  );
}

/** Whoever opens this screen wants to know what can be used now. */
function useLook(): void {
  const { run } = useAction();
  useEffect(() => void run('lookAtConnections', {}), [run]);
}

/** Some screens never tell that they have been unlocked. */
function Locked({ since }: { since: string }) {
  const unlock = useAction();
  const announce = useAnnounce();
  const now = useNow(30_000);

  async function letIn(): Promise<void> {
    if ((await unlock.run('unlockAtScreen', {})) === undefined) return;
    announce('Logins are let in again');
    // The button goes with its call-out.
    document.querySelector('h1')?.focus();
  }

  return (
    <Callout icon="clock" title={`No login is let in since the screen was locked (${timeOfDay(since, now)})`}>
      <p>The system has not said that the screen is unlocked again.</p>
      <p>
        <Button busy={unlock.busy} onClick={() => void letIn()}>
          Let logins in again
        </Button>
      </p>
      <ProblemPanel problem={unlock.problem} />
    </Callout>
  );
}

/** One account is the heading itself; of several each has its own place, with its own deadline, problem and sign-out. */
function Accounts({ state: { accounts, chosenAccount } }: { state: AppState }) {
  const [only] = accounts;
  if (accounts.length === 1 && only !== undefined)
    return (
      <>
        <Person person={only} />
        {only.problem !== undefined && <ProblemPanel problem={only.problem} />}
      </>
    );
  return (
    <>
      <ScreenHeading>{accounts.length} accounts are signed in</ScreenHeading>
      <ul className={styles['accounts']} aria-label="Accounts">
        {accounts.map((person) => (
          <li key={person.account.objectId}>
            <Person person={person} isChosen={person.account.objectId === chosenAccount?.objectId} />
            {person.problem !== undefined && <ProblemPanel problem={person.problem} />}
          </li>
        ))}
      </ul>
    </>
  );
}

/** @param props.isChosen where there are several: whether this one is meant where none is named */
function Person({ person, isChosen }: { person: SignedInAccount; isChosen?: boolean }) {
  const signOut = useAction();
  const use = useAction();
  const now = useNow(30_000);
  const { account, until } = person;
  const name = account.displayName === '' ? account.username : account.displayName;
  const isOne = isChosen === undefined;
  const as = isOne ? {} : { as: account.objectId };
  return (
    <>
      <div className={styles['person']}>
        <div className={styles['avatar']} aria-hidden="true">
          {initials(name)}
        </div>
        <div className={styles['name']}>
          {isOne ? (
            <ScreenHeading>
              <Name>{name}</Name>
            </ScreenHeading>
          ) : (
            <h2>
              <Name>{name}</Name>
            </h2>
          )}
          <p>
            <Name>{account.username}</Name>
          </p>
        </div>
        {isChosen === true && <Badge tone="good">Usual account</Badge>}
        {isChosen === false && (
          <Button
            kind="quiet"
            label={`Make usual: ${account.username}`}
            busy={use.busy}
            onClick={() => void use.run('useAccount', { as: account.objectId })}
          >
            Make usual
          </Button>
        )}
        <Button
          {...(isOne ? {} : { label: `Sign out ${account.username}` })}
          busy={signOut.busy}
          onClick={() => void signOut.run('signOut', as)}
        >
          Sign out
        </Button>
      </div>
      <ProblemPanel problem={signOut.problem ?? use.problem} onDismiss={signOut.dismiss} />
      <p className={styles['session']}>
        <span>
          <Icon name="clock" size={18} />
          <span>
            Signed in until <b>{timeOfDay(until, now)}</b>, for another {roughly(Date.parse(until) - now)}
          </span>
        </span>
        <span>
          <Icon name="shield" size={18} />
          <span>
            <Name>{account.provider}</Name>
          </span>
        </span>
      </p>
    </>
  );
}

/** First letters of the first and the last word, of whatever script. */
function initials(name: string): string {
  const words = name.split(/[\s@._-]+/u).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters
    .map((word) => Array.from(word ?? '')[0] ?? '')
    .join('')
    .toLocaleUpperCase();
}
