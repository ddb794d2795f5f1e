import type { Audit } from '../audit/audit.ts';
import { orTakenBack } from '../audit/recorded.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { Enrolment } from '../contract/shapes.ts';
import type { LocalAccount, LocalAccounts } from './accounts.ts';
import type { Totp } from '../second-factor/totp.ts';

export type LocalAdministration = ReturnType<typeof createLocalAdministration>;

/**
 * Administration of the break-glass accounts that the configuration file names. Each change is on record once it is
 * made (that somebody was let through to it stands there before), and ends the session of the account. Where the record
 * cannot be written, what opens something is taken back, and what closes something stays. An account counts only with a second factor, which whoever sets it up
 * enrols at once.
 * @param endSession ends the session of this account, if it is the one that is signed in
 */
export function createLocalAdministration(
  accounts: LocalAccounts,
  totp: Totp,
  audit: Pick<Audit, 'append'>,
  endSession: (username: string) => Promise<void>,
) {
  const record = (username: string, change: string): Promise<void> =>
    audit.append({ event: 'local-account-changed', username, change });
  const accountOf = async (username: string) => {
    const found = await accounts.usable(username);
    if (found !== undefined) return found.account;
    throw new LatchkeyError('request-invalid', `There is no local account "${username}" that is set up.`, {
      remedy: 'See them with: latchkey local list',
    });
  };
  return {
    list: (): Promise<LocalAccount[]> => accounts.list(),
    /** @returns what the authenticator of the account scans; {@link confirm} ends the enrolment. */
    async add(person: { username: string; password: string }): Promise<Enrolment> {
      const account = await accounts.add(person);
      const { username } = account;
      const enrolling = totp.begin(account).then(async (offer) => {
        await record(username, 'set up');
        return offer;
      });
      return orTakenBack(enrolling, () => accounts.remove(username));
    },
    /** A new authenticator in place of the old one, which ends at once, as does a lock. */
    async enrol(username: string): Promise<Enrolment> {
      const account = await accountOf(username);
      await totp.reset(account);
      await endSession(account.username);
      await record(username, 'authenticator reset');
      return totp.begin(account);
    },
    /** Takes a code of the key that {@link add} or {@link enrol} has shown. */
    async confirm(username: string, code: string): Promise<string[]> {
      const account = await accountOf(username);
      const codes = await totp.confirm(account, code);
      await orTakenBack(record(username, 'authenticator confirmed'), () => totp.reset(account));
      return codes;
    },
    async remove(username: string): Promise<void> {
      await accounts.remove(username);
      await endSession(username);
      await record(username, 'removed');
    },
    async setPassword(username: string, password: string): Promise<void> {
      await accounts.setPassword(username, password);
      await endSession(username);
      await record(username, 'password changed');
    },
    async setEnabled(username: string, enabled: boolean): Promise<void> {
      await accounts.setEnabled(username, enabled);
      await endSession(username);
      const recording = record(username, enabled ? 'turned on' : 'turned off');
      await orTakenBack(recording, () => (enabled ? accounts.setEnabled(username, false) : undefined));
    },
  };
}
