import type { AppState, SignInState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/empty.tsx';
import { Icon } from '../ui/icon.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { roughly, timeOfDay, useNow } from '../ui/time.ts';
import { ConnectionCard } from './connection-card.tsx';
import { Groups } from './groups.tsx';
import { Name } from '../ui/name.tsx';
import styles from './home.module.css';

type SignedIn = Extract<SignInState, { kind: 'signed-in' }>;

/** Who is signed in, until when, and what that opens. */
export function Home({ state, signIn }: { state: AppState; signIn: SignedIn }) {
  // What one can use comes first; what one cannot is still there, with the reason.
  const open = state.connections.filter(({ grants }) => grants.length > 0);
  const closed = state.connections.filter(({ grants }) => grants.length === 0);
  return (
    <>
      <Person signIn={signIn} />
      {signIn.problem !== undefined && <ProblemPanel problem={signIn.problem} />}
      <section className={styles['section']} aria-labelledby="connections">
        <h2 id="connections">Your connections</h2>
        {state.connections.length === 0 && (
          <Empty icon="database" title="No connection is set up yet">
            Add one to the configuration file; the guide shows how.
          </Empty>
        )}
        <ul className={styles['cards']}>
          {[...open, ...closed].map((connection) => (
            <ConnectionCard key={connection.name} connection={connection} />
          ))}
        </ul>
      </section>
      <Groups groups={signIn.groups} readAt={signIn.groupsReadAt} />
    </>
  );
}

function Person({ signIn }: { signIn: SignedIn }) {
  const signOut = useAction();
  const now = useNow(30_000);
  const { account } = signIn;
  const name = account.displayName === '' ? account.username : account.displayName;
  return (
    <>
      <div className={styles['person']}>
        <div className={styles['avatar']} aria-hidden="true">
          {initials(name)}
        </div>
        <div className={styles['name']}>
          <ScreenHeading>
            <Name>{name}</Name>
          </ScreenHeading>
          <p>
            <Name>{account.username}</Name>
          </p>
        </div>
        <Button busy={signOut.busy} onClick={() => void signOut.run('signOut', undefined)}>
          Sign out
        </Button>
      </div>
      <ProblemPanel problem={signOut.problem} onDismiss={signOut.dismiss} />
      <p className={styles['session']}>
        <span>
          <Icon name="clock" size={18} />
          <span>
            Signed in until <b>{timeOfDay(signIn.until, now)}</b>, for another{' '}
            {roughly(Date.parse(signIn.until) - now)}
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
