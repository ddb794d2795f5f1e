import { defined } from '../base/defined.ts';
import { databaseNamed } from '../config/databases.ts';
import type { ConnectionSettings } from '../config/schema.ts';
import { LatchkeyError, type Problem, toLogText, toProblem } from '../contract/errors.ts';
import type { DatabaseSession } from '../contract/state.ts';
import type { Gatekeeper, LoginAttempt, LoginDecision } from '../gateway/ports.ts';
import { clientGone } from '../prompts/board.ts';
import { type AdmissionOptions, createAdmission } from './admit-login.ts';
import { createEntitlements, type EntitlementOptions } from './entitlement.ts';
import { sessionLimits } from './limits.ts';
import { createProofCheck, type ProofCheckOptions, type Verified } from './login-proof.ts';
import { createLoginWait, type LoginWaitOptions } from './login-wait.ts';
import { createOpenSessions, type OpenSessionsOptions } from './open-sessions.ts';
import { createRecentLogins } from './recent-logins.ts';
import { createRefusedLogins } from './refused-logins.ts';
import { refusal } from './refusals.ts';

type Own = 'now' | 'entitlements' | 'recent' | 'refuseWhileDraining';

export interface LoginsOptions
  extends
    Omit<EntitlementOptions, Own>,
    Omit<LoginWaitOptions, Own>,
    Omit<AdmissionOptions, Own>,
    Omit<OpenSessionsOptions, Own>,
    ProofCheckOptions {
  /** Why a connection of the configuration is left out. */
  leftOut?(name: string): Problem | undefined;
  now?: () => number;
}

export type Logins = ReturnType<typeof createLogins>;

/** The database gets this long whatever a person has used of the client's patience. */
const shortestOpenMs = 1500;

/**
 * Decides every login at the gateways, and knows which are live. The order of the checks is the order of the
 * sentences that help most: a person whose token is fine but whose groups are gone hears about the groups. Clients of
 * other users do not come as far as this: the gateways send them away.
 */
export function createLogins(options: LoginsOptions) {
  const { connections, leftOut = () => undefined, live, audit, now = Date.now } = options;
  const draining = createDraining();
  const entitlements = createEntitlements({ ...options, now });
  const checkProof = createProofCheck(options);
  const waitForPerson = createLoginWait({ ...options, entitlements, now });
  const recent = createRecentLogins(options);
  const refused = createRefusedLogins({ audit, recent });
  const openSessions = createOpenSessions({ ...options, recent });
  const admit = createAdmission({ ...options, now, refuseWhileDraining: draining.check });

  function connectionNamed(name: string): ConnectionSettings {
    const found = connections().find((connection) => connection.name === name);
    if (found !== undefined) return found;
    const problem = leftOut(name);
    if (problem !== undefined)
      throw new LatchkeyError('connection-unknown', problem.message, { remedy: problem.remedy });
    throw new LatchkeyError('connection-unknown', `There is no connection "${name}".`, {
      remedy: `Known connections: ${
        connections()
          .map((connection) => connection.name)
          .join(', ') || 'none'
      }.`,
    });
  }

  async function decide(
    attempt: LoginAttempt,
    gone: AbortSignal,
    found: (verified: Verified) => void,
  ): Promise<LoginDecision> {
    draining.check();
    const connection = connectionNamed(attempt.connection);
    const began = now();
    const verified = checkProof(attempt, connection, found);
    // Before anything is asked of a person who is not there.
    options.checkOpen();
    const { token, onlyKill, serverSignature } = verified;
    const entitlement =
      token !== undefined && onlyKill !== undefined
        ? entitlements.of(token, connection, attempt)
        : await waitForPerson(attempt, connection, verified, gone);
    // Nothing is fetched, and nobody let in, for a client that has not waited.
    if (gone.aborted) throw clientGone();
    const { database = attempt.database } = entitlement.permission;
    const named = { ...attempt, database };
    const admitted = await admit(named, connection, entitlement, onlyKill !== undefined, gone);
    return {
      allow: true,
      ...admitted,
      limits: sessionLimits(entitlement.permission.rule, connection.name, now()),
      openWithinMs: Math.max(shortestOpenMs, options.patienceMs(connection, attempt) - (now() - began)),
      ...(database === attempt.database ? {} : { ifSame: attempt.database }),
      ...defined({ onlyKill, serverSignature, replication: attempt.replication }),
    };
  }

  const gatekeeper: Pick<Gatekeeper, 'authorize' | 'rejected'> = {
    async authorize(asked, gone = new AbortController().signal): Promise<LoginDecision> {
      const named = connections().find(({ name }) => name === asked.connection);
      const database = named === undefined ? asked.database : databaseNamed(named, asked.database);
      const attempt: LoginAttempt = { ...asked, database };
      let found: Verified = {};
      try {
        return await decide(attempt, gone, (verified) => (found = verified));
      } catch (error) {
        if (!(error instanceof LatchkeyError)) options.log?.(`login: ${toLogText(error)}`);
        const answer = refusal(toProblem(error));
        await refused.decided(attempt, found, answer.problem);
        return { allow: false, refusal: answer };
      }
    },

    rejected: refused.rejected,
  };

  return {
    ...gatekeeper,
    ...openSessions,
    /** The last logins and refusals. */
    recent: { list: recent.list, seen: recent.seen },
    /** From now on nobody is let in any more. */
    drain: draining.begin,
    connectionNamed,
    permitted: entitlements.permitted,
    /** Live logins, oldest first. */
    sessions: (): DatabaseSession[] => live.sessions(),
    /** Ids of the logins that `which` picks, those included that have been let in but are not yet through upstream. */
    sessionIds: live.ids,
  };
}

/** Latchkey is on its way out; sessions that are open go on for as long as the gateways do. */
function createDraining() {
  let isDraining = false;
  return {
    begin(): void {
      isDraining = true;
    },
    check(): void {
      if (!isDraining) return;
      throw new LatchkeyError('internal', 'Latchkey has met an error it did not expect and is ending.', {
        remedy: 'Start it again, then connect again; its log says what happened.',
      });
    },
  };
}
