import type { Audit } from '../audit/audit.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { Enrolment } from '../contract/ipc.ts';
import type { LocalAccount, LocalAccounts } from '../identity/local-accounts.ts';
import type { Totp } from '../mfa/totp.ts';

/**
 * Administration of the break-glass accounts. Each change is on record before it is made. An account counts only with
 * a second factor, which whoever adds it enrols at once.
 */
export function createLocalDesk(accounts: LocalAccounts, totp: Totp, audit: Pick<Audit, 'append'>) {
  const record = (username: string, change: string): Promise<void> =>
    audit.append({ event: 'local-account-changed', username, change });
  const accountOf = async (username: string) => {
    const found = (await accounts.list()).find(({ account }) => account.username === username.toLowerCase());
    return found?.account;
  };
  return {
    list: (): Promise<LocalAccount[]> => accounts.list(),
    /** @returns what the authenticator of the new account scans; {@link confirm} ends the enrolment. */
    async add(person: {
      username: string;
      password: string;
      groups: string[];
      displayName: string;
    }): Promise<Enrolment> {
      await record(person.username, 'added');
      const { uri, key, qr } = await totp.begin(await accounts.add(person));
      return { uri, key, qr };
    },
    /** A new authenticator in place of the old one, which ends at once, as does a lock. */
    async enrol(username: string): Promise<Enrolment> {
      const account = await accountOf(username);
      if (account === undefined) throw unknown(username);
      await record(username, 'authenticator reset');
      await totp.reset(account);
      const { uri, key, qr } = await totp.begin(account);
      return { uri, key, qr };
    },
    async confirm(username: string, code: string): Promise<string[]> {
      const account = await accountOf(username);
      if (account === undefined) throw unknown(username);
      const codes = await totp.confirm(account, code);
      await record(username, 'authenticator confirmed');
      return codes;
    },
    async remove(username: string): Promise<void> {
      await record(username, 'removed');
      await accounts.remove(username);
    },
    async setPassword(username: string, password: string): Promise<void> {
      await record(username, 'password changed');
      await accounts.setPassword(username, password);
    },
    async setGroups(username: string, groups: string[]): Promise<void> {
      await record(username, 'groups changed');
      await accounts.setGroups(username, groups);
    },
    async setEnabled(username: string, enabled: boolean): Promise<void> {
      await record(username, enabled ? 'turned on' : 'turned off');
      await accounts.setEnabled(username, enabled);
    },
  };
}

function unknown(username: string): LatchkeyError {
  return new LatchkeyError('request-invalid', `There is no local account "${username}".`, {
    remedy: 'See them with: latchkey local list',
  });
}
