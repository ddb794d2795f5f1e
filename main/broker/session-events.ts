import { permissions } from '../access/policy.ts';
import type { Admitted } from '../access/live-logins.ts';
import type { Token } from '../access/tokens.ts';
import { auditFault } from '../audit/fault.ts';
import { noted } from '../audit/recorded.ts';
import { defined } from '../base/defined.ts';
import type { Configuration } from '../config/schema.ts';
import type { Problem } from '../contract/errors.ts';
import type { Group } from '../contract/state.ts';
import type { SessionEnding, SessionEvents } from '../session/events.ts';
import type { LiveSession } from '../session/live-session.ts';
import type { Services } from './options.ts';

/** What follows for a part of the broker; each is optional. None of them rejects. */
export interface SessionListener {
  /** A person has signed in, and that is on record; `asked` as SessionEvents have it. */
  signedIn?(live: LiveSession, asked: boolean): Promise<void> | void;
  /**
   * The session is over. What must not outlive it is to be ended before the first wait.
   * @param reason for the clients of cut sessions
   */
  ended?(live: LiveSession, reason: string): Promise<unknown> | void;
  /** The same goes for what stood on lost groups. */
  groupsChanged?(live: LiveSession): Promise<unknown> | void;
}

const reasons: Record<SessionEnding, string> = {
  'signed-out': 'The person has signed out of Latchkey.',
  expired: 'The sign-in to Latchkey has reached its deadline.',
  replaced: 'Another account has signed in to Latchkey in its place.',
  refused: 'The directory has ended the sign-in.',
};

/**
 * Puts on record what happens to the session, and tells those who have subscribed, in that order. A sign-in that
 * cannot be recorded fails; an ending never does.
 */
export function createSessionEvents({ audit, changed }: Pick<Services, 'audit' | 'changed'>) {
  const listeners: SessionListener[] = [];

  /** All are called before the first wait. */
  async function tell(call: (listener: SessionListener) => Promise<unknown> | void): Promise<void> {
    await Promise.allSettled(listeners.map(async (listener) => call(listener)));
  }

  const events: SessionEvents = {
    started: (provider) => audit.append({ event: 'sign-in-started', provider }),

    async signedIn(live, how, asked): Promise<void> {
      const { provider, account, groups } = live;
      await audit.append({ event: 'sign-in-succeeded', provider, account, groups: groups.length, how });
      await tell((listener) => listener.signedIn?.(live, asked));
    },

    failed: (provider, problem, username) =>
      noted(audit, {
        event: 'sign-in-failed',
        provider,
        ...defined({ username }),
        ...auditFault(problem),
      }),

    async ended(live: LiveSession, why: SessionEnding, problem?: Problem): Promise<void> {
      await tell((listener) => listener.ended?.(live, reasons[why]));
      const { account } = live;
      await noted(
        audit,
        why === 'signed-out'
          ? { event: 'signed-out', account }
          : { event: 'session-expired', account, why, ...(problem && auditFault(problem)) },
      );
    },

    async groupsChanged(live: LiveSession, added: Group[], removed: Group[]): Promise<void> {
      await tell((listener) => listener.groupsChanged?.(live));
      await noted(audit, {
        event: 'groups-refreshed',
        account: live.account,
        added: added.map(({ id }) => id),
        removed: removed.map(({ id }) => id),
      });
    },

    refreshFailed: (live, problem) =>
      noted(audit, { event: 'groups-refresh-failed', account: live.account, ...auditFault(problem) }),

    changed,
  };

  return {
    events,
    subscribe: (listener: SessionListener): void => void listeners.push(listener),
  };
}

/** Whether a token of this session, or a login with it, has lost the rule that it stood on. */
export function hasLostRule(
  live: LiveSession,
  { connections, tokens }: Configuration,
): (token: Token, login?: Admitted) => boolean {
  return (token, login) => {
    if (token.sessionId !== live.id) return false;
    const database = login?.database;
    const connection = connections.find(({ name }) => name === token.connection);
    const ways =
      connection && permissions(connection, live.groups, tokens.lifetime, { database, exactNames: true });
    return ways?.some(({ rule }) => rule.role === token.role) !== true;
  };
}
