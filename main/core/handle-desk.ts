import type { LoginDesk } from '../access/gatekeeper.ts';
import type { Handles } from '../access/handles.ts';
import type { Token } from '../access/tokens.ts';
import type { Audit } from '../audit/audit.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { ClientPlace } from './snapshot.ts';

export interface HandleRequest {
  connection: string;
  /** By default whatever is the default role at the time of each login. */
  role?: string | undefined;
  /** What it is made for, in the person's words. */
  tool: string;
}

export interface MadeHandle extends ClientPlace {
  id: string;
  /** The secret itself; the only place where it appears. */
  handle: string;
  tool: string;
  connection: string;
  role?: string;
  username: string;
}

/** Makes and revokes handles; each is on record before it counts. */
export function createHandleDesk(options: {
  desk: Pick<LoginDesk, 'connectionNamed' | 'permitted'>;
  handles: Handles;
  audit: Pick<Audit, 'append'>;
  placeOf(connection: string): ClientPlace;
  uid: number | undefined;
  /** Revokes tokens and cuts what they opened, before its first wait; never rejects. */
  revokeWhere(which: (token: Token) => boolean, reason: string): Promise<number>;
  changed(): void;
}) {
  const { desk, handles, audit, placeOf, uid, revokeWhere, changed } = options;
  return {
    /**
     * A handle for the person who is signed in.
     * @throws LatchkeyError `connection-unknown`, `sign-in-required`, `groups-unknown`, `not-allowed`, `role-not-allowed`,
     *   `seal-unavailable`, `limit-reached`, `store-failed`, `audit-unwritable`
     */
    async make({ connection: name, role, tool }: HandleRequest): Promise<MadeHandle> {
      const connection = desk.connectionNamed(name);
      const { session, ways } = desk.permitted(connection);
      if (role !== undefined && !ways.some(({ rule }) => rule.role === role)) {
        throw new LatchkeyError('role-not-allowed', `You may not use the role "${role}" of "${name}".`, {
          remedy: `Your roles there: ${ways.map(({ rule }) => rule.role).join(', ')}.`,
        });
      }
      const { account } = session;
      const { handle, text } = await handles.make({
        tool,
        connection: name,
        role,
        account,
        uid,
        boundTo: undefined,
      });
      try {
        await audit.append({
          event: 'handle-made',
          handleId: handle.id,
          tool,
          account,
          connection: name,
          ...(role === undefined ? {} : { role }),
        });
      } catch (error) {
        await handles.revoke(handle.id).catch(() => undefined);
        throw error;
      }
      changed();
      return {
        id: handle.id,
        handle: text,
        tool,
        connection: name,
        ...(role === undefined ? {} : { role }),
        username: account.username,
        ...placeOf(name),
      };
    },

    /**
     * Ends a handle, with what it has opened.
     * @throws LatchkeyError `handle-unknown`; `store-failed`: it has ended now, and would come back with a restart.
     */
    async revoke(id: string): Promise<void> {
      const { tool, account, connection } = await handles
        .revoke(id)
        .finally(() => revokeWhere((token) => token.handleId === id, 'The handle has been revoked.'));
      await audit
        .append({ event: 'handle-revoked', handleId: id, tool, account, connection })
        .catch(() => undefined);
      changed();
    },
  };
}
