import type { Audit } from '../audit/audit.ts';
import { auditFault } from '../audit/fault.ts';
import { noted } from '../audit/recorded.ts';
import { defined } from '../base/defined.ts';
import type { Problem } from '../contract/errors.ts';
import type { Gatekeeper, LoginAttempt } from '../gateway/ports.ts';
import { circumstances } from './circumstances.ts';
import type { Verified } from './login-proof.ts';
import type { RecentLogins } from './recent-logins.ts';

interface RefusedLoginsOptions {
  audit: Pick<Audit, 'append'>;
  recent: Pick<RecentLogins, 'refused'>;
}

/** Every login that was refused is on record, and among the recent ones with the sentence that its client was told. */
export function createRefusedLogins({ audit, recent }: RefusedLoginsOptions) {
  const rejected: Gatekeeper['rejected'] = ({ connection, peer, client, refusal, unreported }) => {
    const { clientUser = '', database = '', program = '' } = client ?? {};
    recent.refused({ connection, database, program, process: peer.process }, refusal.problem);
    void noted(audit, {
      event: 'login-refused',
      ...circumstances({ connection, peer, clientUser, database, program }),
      ...auditFault(refusal.problem),
      ...defined({ unreported }),
    });
  };

  return {
    /** Where the audit itself is the reason, the record of the refusal cannot be written either; the refusal stands. */
    async decided(attempt: LoginAttempt, { token, handle }: Verified, problem: Problem): Promise<void> {
      const username = (token ?? handle)?.account.username;
      const role = token?.role ?? handle?.role;
      recent.refused({ ...attempt, process: attempt.peer.process, username, role }, problem);
      await noted(audit, {
        event: 'login-refused',
        ...circumstances(attempt),
        ...(token === undefined ? {} : { account: token.account, tokenId: token.id }),
        ...(handle === undefined ? {} : { account: handle.account, handleId: handle.id }),
        ...auditFault(problem),
      });
    },
    /** By a gateway, before anything was asked of the broker. */
    rejected,
  };
}
