import type { AppState, SignedInAccount } from '../../main/contract/state.ts';
import { late } from '../late.tsx';
import { frame as texts } from '../texts/en/frame.ts';
import { frame as t } from '../texts/en/frame.ts';
import { Name } from '../ui/name.tsx';
import { Popup } from '../ui/popup.tsx';
import { timeOfDay, useNow } from '../ui/time.ts';
import { nameOf } from './account-name.ts';
import { useSignOutQuestion } from './sign-out.tsx';
import styles from './account-menu.module.css';

const AccountPanel = late(async () => (await import('./account-panel.tsx')).AccountPanel, null);

/** Who is signed in and until when; behind it what else can be done with the accounts. */
export function AccountMenu({ state, onAdd }: { state: AppState; onAdd(): void }) {
  const { accounts, signIn } = state;
  const [only] = accounts;
  const { ask, question } = useSignOutQuestion(state);
  if (only === undefined) {
    return <p className={styles['nobody']}>{signIn.kind === 'signed-out' ? t.notSignedIn : t.signingIn}</p>;
  }
  return (
    <>
      <Popup
        role="dialog"
        title={texts.whoIsSignedIn}
        className={styles['button']}
        trigger={accounts.length === 1 ? <One person={only} /> : <Several accounts={accounts} />}
      >
        {(close) => <AccountPanel state={state} onAdd={onAdd} onAsk={ask} onClose={close} />}
      </Popup>
      {question}
    </>
  );
}

function One({ person: { account, until } }: { person: SignedInAccount }) {
  const now = useNow(60_000);
  const name = nameOf(account);
  return (
    <>
      <Avatar name={name} />
      <span className={styles['who']}>
        <strong>
          <Name>{name}</Name>
        </strong>
        <small>
          <span className={styles['more']}>{t.signedInUntil}</span>
          {timeOfDay(until, now)}
        </small>
      </span>
    </>
  );
}

function Several({ accounts }: { accounts: readonly SignedInAccount[] }) {
  const now = useNow(60_000);
  return (
    <>
      <Avatar name={String(accounts.length)} />
      <span className={styles['who']}>
        <strong>
          {t.countOfAccounts(accounts.length)}
          <span className={styles['more']}>{t.areSignedIn}</span>
        </strong>
        {accounts.map(({ account: { objectId, username }, until }) => (
          <small key={objectId} className={styles['more']}>
            {t.until(<Name>{username}</Name>, timeOfDay(until, now))}
          </small>
        ))}
      </span>
    </>
  );
}

function Avatar({ name }: { name: string }) {
  return (
    <span className={styles['avatar']} aria-hidden="true">
      {initials(name)}
    </span>
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
