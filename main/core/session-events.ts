import { permissions } from '../access/policy.ts';
import type { Token } from '../access/tokens.ts';
import type { Audit } from '../audit/audit.ts';
import { auditFault } from '../audit/fault.ts';
import type { Configuration } from '../config/schema.ts';
import type { Problem } from '../contract/errors.ts';
import type { Group } from '../contract/state.ts';
import type { OwnSecondFactor } from './second-factor.ts';
import type { LiveSession, SessionEnding, SessionEvents } from '../identity/session-ports.ts';

/** What the clients of a cut session are told. */
const endings: Record<SessionEnding, string> = {
  'signed-out': 'The person has signed out of Latchkey.',
  expired: 'The sign-in to Latchkey has reached its deadline.',
  replaced: 'Another person has signed in to Latchkey.',
  refused: 'The directory has ended the sign-in.',
};

/**
 * What follows when somebody signs in or out, or their groups change: the record of it, and the end of every token and
 * login that stood on it. A sign-in that cannot be recorded fails; an ending never does.
 */
export function sessionEvents(options: {
  audit: Pick<Audit, 'append'>;
  configuration: Configuration;
  /** Revokes these tokens and cuts their logins before its first wait; never rejects. */
  revokeWhere(which: (token: Token) => boolean, reason: string): Promise<number>;
  /** Reads what the state shows of the person. */
  secondFactor: Pick<OwnSecondFactor, 'refresh'>;
  /** Forgets what was answered at prompts of a session. */
  forgetAnswers(sessionId: string): void;
  changed(): void;
}): SessionEvents {
  const { audit, configuration, revokeWhere, secondFactor, forgetAnswers, changed } = options;
  const ignored = (): void => undefined;
  return {
    started: (provider) => audit.append({ event: 'sign-in-started', provider }),

    async signedIn(live, how): Promise<void> {
      const { provider, account, groups } = live;
      await audit.append({ event: 'sign-in-succeeded', provider, account, groups: groups.length, how });
      await secondFactor.refresh(account);
    },

    failed: (provider, problem) =>
      audit.append({ event: 'sign-in-failed', provider, ...auditFault(problem) }).catch(ignored),

    async ended(live: LiveSession, why: SessionEnding, problem?: Problem): Promise<void> {
      const reached = revokeWhere((token) => token.sessionId === live.id, endings[why]);
      forgetAnswers(live.id);
      await reached;
      await secondFactor.refresh(undefined);
      const { account } = live;
      await (
        why === 'signed-out'
          ? audit.append({ event: 'signed-out', account })
          : audit.append({
              event: 'session-expired',
              account,
              why,
              ...(problem === undefined ? {} : auditFault(problem)),
            })
      ).catch(ignored);
    },

    async groupsChanged(live: LiveSession, added: Group[], removed: Group[]): Promise<void> {
      const kept = new Map(
        configuration.connections.map((connection) => [
          connection.name,
          new Set(
            permissions(connection, live.groups, configuration.tokens.lifetime).map(({ rule }) => rule.role),
          ),
        ]),
      );
      const lost = (token: Token): boolean =>
        token.sessionId === live.id && kept.get(token.connection)?.has(token.role) !== true;
      await revokeWhere(lost, 'Your directory groups no longer allow this.');
      await audit
        .append({
          event: 'groups-refreshed',
          account: live.account,
          added: added.map(({ id }) => id),
          removed: removed.map(({ id }) => id),
        })
        .catch(ignored);
    },

    refreshFailed: (live, problem) =>
      audit
        .append({ event: 'groups-refresh-failed', account: live.account, ...auditFault(problem) })
        .catch(ignored),

    changed,
  };
}
