import type { AppState, SignedInAccount } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { frame as texts } from '../texts/en/frame.ts';
import { frame as t } from '../texts/en/frame.ts';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Name } from '../ui/name.tsx';
import { Popup } from '../ui/popup.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { roughly, timeOfDay, useNow } from '../ui/time.ts';
import { Groups } from './groups.tsx';
import { liveOf, useSignOutQuestion } from './sign-out.tsx';
import styles from './account-menu.module.css';

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
        {(close) => (
          <div className={styles['panel']}>
            <ul className={styles['accounts']} aria-label={texts.accounts}>
              {accounts.map((person) => (
                <li key={person.account.objectId}>
                  <Person
                    person={person}
                    onAsk={
                      liveOf(state.databaseSessions, person.account) === 0
                        ? undefined
                        : () => {
                            close();
                            ask(person.account);
                          }
                    }
                    isChosen={
                      accounts.length === 1
                        ? undefined
                        : person.account.objectId === state.chosenAccount?.objectId
                    }
                  />
                  <Groups groups={person.groups} readAt={person.groupsReadAt} />
                </li>
              ))}
            </ul>
            <div>
              <Button
                onClick={() => {
                  close();
                  onAdd();
                }}
              >
                <Icon name="plus" size={18} />
                {texts.addAnAccount}
              </Button>
            </div>
          </div>
        )}
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

function Person(props: {
  person: SignedInAccount;
  /** Where there are several: whether this one is meant where none is named. */
  isChosen: boolean | undefined;
  /** Asks before the sign-out; absent where nothing ends with it. */
  onAsk: (() => void) | undefined;
}) {
  const { person, isChosen, onAsk } = props;
  const signOut = useAction();
  const use = useAction();
  const now = useNow(30_000);
  const { account, until } = person;
  const isOne = isChosen === undefined;
  const as = isOne ? {} : { as: account.objectId };
  return (
    <>
      <div className={styles['person']}>
        <div className={styles['name']}>
          <h2>
            <Name>{nameOf(account)}</Name>
          </h2>
          <p>
            <Name>{account.username}</Name> · <Name>{account.provider}</Name>
          </p>
        </div>
        {isChosen === true && <Badge tone="good">{t.usualAccount}</Badge>}
        {isChosen === false && (
          <Button
            kind="quiet"
            label={t.makeUsual(account.username)}
            busy={use.busy}
            onClick={() => void use.run('useAccount', { as: account.objectId })}
          >
            {t.makeUsualShort}
          </Button>
        )}
        <Button
          {...(isOne ? {} : { label: t.signOut(account.username) })}
          busy={signOut.busy}
          onClick={() => (onAsk === undefined ? void signOut.run('signOut', as) : onAsk())}
        >
          {t.signOutShort}
        </Button>
      </div>
      <ProblemPanel
        problem={signOut.problem ?? use.problem}
        onDismiss={() => {
          signOut.dismiss();
          use.dismiss();
        }}
      />
      <p className={styles['until']}>
        {t.signedInUntilForAnother(<b>{timeOfDay(until, now)}</b>, roughly(Date.parse(until) - now))}
      </p>
    </>
  );
}

const nameOf = ({ displayName, username }: SignedInAccount['account']): string =>
  displayName === '' ? username : displayName;

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
