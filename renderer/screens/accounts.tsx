import { createContext, type ReactNode, useContext, useMemo } from 'react';
import type { Account, AppState, SignedInAccount } from '../../main/contract/state.ts';
import { common } from '../texts/en/common.ts';
import { frame as t } from '../texts/en/frame.ts';
import { SelectField } from '../ui/field.tsx';
import layout from '../ui/layout.module.css';
import { Name, plainText } from '../ui/name.tsx';

const none: readonly SignedInAccount[] = [];
const Accounts = createContext(none);
const Acting = createContext<string | undefined>(undefined);

/** Lets the screens below know who is signed in. */
export function AccountsProvider({ state, children }: { state: AppState; children: ReactNode }) {
  return <Accounts value={state.accounts}>{children}</Accounts>;
}

/** What is done in here is done by this account. */
export function As({ account, children }: { account: string | undefined; children: ReactNode }) {
  return <Acting value={account}>{children}</Acting>;
}

/** What a request says of whose it is: nothing where there is one account only. */
export function useAs(): { as?: string } {
  const as = useContext(Acting);
  return useMemo(() => (as === undefined ? {} : { as }), [as]);
}

export interface Whose {
  /** Whether it has to be said of each thing whose it is. */
  several: boolean;
  accounts: readonly SignedInAccount[];
  nameOf(objectId: string): string;
}

export function useWhose(): Whose {
  const accounts = useContext(Accounts);
  return {
    several: accounts.length > 1,
    accounts,
    nameOf: (objectId) =>
      accounts.find(({ account }) => account.objectId === objectId)?.account.username ?? objectId,
  };
}

/** Whom only the network keeps from being signed in, as they were before the last start. */
export function Awaited({ state: { awaitedAccounts = [] } }: { state: AppState }) {
  return awaitedAccounts.map(({ objectId, username, provider }) => (
    <p key={objectId} className={layout['soft']}>
      {t.comesBackByItselfWhenIts(<Name>{username}</Name>, <Name>{provider}</Name>)}
    </p>
  ));
}

/** Among several accounts; nothing where there is no choice. */
export function AccountChoice(props: {
  accounts: readonly { account: Account }[];
  value: string;
  hint?: string;
  onChange(objectId: string): void;
}) {
  const { accounts, value, hint, onChange } = props;
  if (accounts.length < 2) return null;
  return (
    <SelectField
      label={common.account}
      {...(hint === undefined ? {} : { hint })}
      value={value}
      options={accounts.map(({ account: { objectId, username, provider } }) => ({
        value: objectId,
        label: `${plainText(username)} (${plainText(provider)})`,
      }))}
      onChange={onChange}
    />
  );
}

/** The account that stands for what names none in the window: the chosen one, else the last that has signed in. */
export function usualAccount({ accounts, chosenAccount }: AppState): SignedInAccount | undefined {
  return accounts.find(({ account }) => account.objectId === chosenAccount?.objectId) ?? accounts.at(-1);
}
