import type { Audit } from '../audit/audit.ts';
import type { AuditEvent } from '../audit/events.ts';
import { auditFault } from '../audit/fault.ts';
import { noted } from '../audit/recorded.ts';
import { defined } from '../base/defined.ts';
import type { Gatekeeper, SessionEnd, UpstreamLogin } from '../gateway/ports.ts';
import { upstreamLogin } from './admit-login.ts';
import { createKeptCredentials, type KeptCredentialsOptions } from './kept-credentials.ts';
import type { LiveLogins } from './live-logins.ts';
import type { RecentLogins } from './recent-logins.ts';

export interface OpenSessionsOptions extends KeptCredentialsOptions {
  live: LiveLogins;
  audit: Pick<Audit, 'append'>;
  recent: Pick<RecentLogins, 'opened' | 'refused'>;
  changed(): void;
}

type OfSessions = Pick<Gatekeeper, 'loginAgain' | 'sessionOpened' | 'traffic' | 'sessionEnded'>;

/** What the gateways tell of the sessions that were let in: opened, traffic, ended; each end is on record. */
export function createOpenSessions({
  live,
  audit,
  credentialAgain,
  log,
  recent,
  changed,
}: OpenSessionsOptions): OfSessions & { keepCredentials(): Promise<void> } {
  const credentials = createKeptCredentials({ live, credentialAgain, ...defined({ log }) });

  function recordEnd(end: SessionEnd, connection: string): void {
    const { notStopped } = end;
    if (notStopped !== undefined) {
      log?.(`connection "${connection}": a statement was not stopped: ${notStopped.message}`);
      void noted(audit, {
        event: 'statement-not-stopped',
        databaseSessionId: end.sessionId,
        connection,
        ...auditFault(notStopped),
      });
    }
    const ended: AuditEvent = {
      event: 'database-session-ended',
      databaseSessionId: end.sessionId,
      connection,
      reason: end.reason,
      ...(end.problem === undefined ? {} : auditFault(end.problem)),
      bytesFromClient: end.bytesFromClient,
      bytesFromUpstream: end.bytesFromUpstream,
    };
    void noted(audit, ended, end.problem === undefined ? 'soon' : 'now');
  }

  return {
    keepCredentials: credentials.keep,

    async loginAgain(sessionId): Promise<UpstreamLogin | undefined> {
      const login = live.find(sessionId);
      if (login === undefined) return undefined;
      const credential = await credentials.again(login);
      return credential && upstreamLogin(credential, login.request.rule.role, login.database);
    },

    sessionOpened(sessionId, database): void {
      const login = live.opened(sessionId, database);
      if (login === undefined) return;
      recent.opened(login.shown);
      changed();
      const { connection, database: at } = login.shown;
      const opened = { event: 'database-session-opened', databaseSessionId: sessionId } as const;
      void noted(audit, { ...opened, connection, database: at }, 'soon');
    },

    traffic(news): void {
      live.traffic(news);
      changed();
    },

    sessionEnded(end): void {
      const login = live.ended(end.sessionId);
      if (login === undefined) return;
      const { reason, problem } = end;
      if (reason === 'never-opened' && problem !== undefined) recent.refused(login.shown, problem);
      changed();
      recordEnd(end, login.shown.connection);
    },
  };
}
