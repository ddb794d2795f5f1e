import type { AppState, SignedInAccount } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { frame as texts } from '../texts/en/frame.ts';
import { frame as t } from '../texts/en/frame.ts';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { roughly, timeOfDay, useNow } from '../ui/time.ts';
import { nameOf } from './account-name.ts';
import { Groups } from './groups.tsx';
import { liveOf } from './sign-out.tsx';
import styles from './account-menu.module.css';

/** What can be done with the accounts. */
export function AccountPanel(props: {
  state: AppState;
  onAdd(): void;
  /** Before a sign-out that ends database sessions. */
  onAsk(account: SignedInAccount['account']): void;
  onClose(): void;
}) {
  const { state, onAdd, onAsk, onClose } = props;
  const { accounts } = state;
  return (
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
                      onClose();
                      onAsk(person.account);
                    }
              }
              isChosen={
                accounts.length === 1 ? undefined : person.account.objectId === state.chosenAccount?.objectId
              }
            />
            <Groups groups={person.groups} readAt={person.groupsReadAt} />
          </li>
        ))}
      </ul>
      <div>
        <Button
          onClick={() => {
            onClose();
            onAdd();
          }}
        >
          <Icon name="plus" size={18} />
          {texts.addAnAccount}
        </Button>
      </div>
    </div>
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
