import type { Logins } from './logins.ts';
import type { Handles } from './handles.ts';
import { waysOf } from './issue-token.ts';
import { checkStanding } from './standing.ts';
import type { Token } from './tokens.ts';
import type { Audit } from '../audit/audit.ts';
import { noted, orTakenBack } from '../audit/recorded.ts';
import { defined } from '../base/defined.ts';
import type { MadeHandle } from '../contract/shapes.ts';
import type { WhichAccount } from './which-account.ts';
import { placeUnder, type ClientPlace } from './client-place.ts';

export interface HandleRequest {
  connection: string;
  /** By default whatever is the default role at the time of each login. */
  role?: string | undefined;
  /** What it is made for, in the person's words. */
  tool: string;
  /** 28 characters, for clients whose password field ends at 30; by default what the connection says. */
  short?: boolean | undefined;
  /** Sign-in name or object id of the account; by default the only one that may. */
  as?: string | undefined;
}

export type HandleService = ReturnType<typeof createHandleService>;

/** Makes and revokes handles; each is on record before it counts. */
export function createHandleService(options: {
  logins: Pick<Logins, 'connectionNamed' | 'permitted'>;
  accounts: Pick<WhichAccount, 'forConnection'>;
  handles: Handles;
  audit: Pick<Audit, 'append'>;
  placeOf(connection: string): ClientPlace;
  uid: number | undefined;
  /** Revokes tokens and cuts what they opened, before its first wait; never rejects. */
  revokeWhere(which: (token: Token) => boolean, reason: string): Promise<number>;
  changed(): void;
}) {
  const { logins, accounts, handles, audit, placeOf, uid, revokeWhere, changed } = options;
  return {
    /**
     * A handle for an account that is signed in, and for no other.
     * @throws LatchkeyError `connection-unknown`, `sign-in-required`, `account-ambiguous`, `groups-unknown`, `not-allowed`,
     *   `role-not-allowed`, `seal-unavailable`, `limit-reached`, `store-failed`, `audit-unwritable`
     */
    async make({ connection: name, role, tool, short, as }: HandleRequest): Promise<MadeHandle> {
      const connection = logins.connectionNamed(name);
      const session = accounts.forConnection(connection, role, as);
      const { ways } = logins.permitted(session, connection);
      const usable = waysOf(ways, role, name);
      const { account } = session;
      const lifetimeMs = Math.min(...usable.map((way) => way.handleLifetimeSeconds)) * 1000;
      const { handle, text } = await handles.make(
        { tool, connection: name, role, account, uid, boundTo: undefined, lifetimeMs },
        short ?? connection.shortTokens,
      );
      const expiresAt = new Date(handle.expiresAt).toISOString();
      const made = { tool, connection: name, ...defined({ role }), expiresAt };
      const record = async (): Promise<void> => {
        await audit.append({ event: 'handle-made', handleId: handle.id, account, ...made });
        checkStanding({ connection, rule: usable[0].rule }, logins.connectionNamed(name));
      };
      await orTakenBack(record(), () => handles.revoke(handle.id).catch(() => undefined));
      changed();
      return {
        id: handle.id,
        handle: text,
        username: account.username,
        ...made,
        ...placeUnder(connection, usable[0].rule, placeOf(name)),
      };
    },

    /**
     * Ends a handle, with what it has opened.
     * @throws LatchkeyError `handle-unknown`; `store-failed`: it has ended now, and would come back with a restart.
     */
    async revoke(id: string): Promise<void> {
      // Ended for this process before its first wait, as what it opened is; the disk may take its time with the rest.
      const revoking = handles.revoke(id);
      const reached = revokeWhere((token) => token.handleId === id, 'The saved password has been revoked.');
      const { tool, account, connection } = await revoking.finally(() => reached);
      await noted(audit, { event: 'handle-revoked', handleId: id, tool, account, connection });
      changed();
    },
  };
}
