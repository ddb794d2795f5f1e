import { randomUUID } from 'node:crypto';
import type { Audit } from '../audit/audit.ts';
import { defined } from '../base/defined.ts';
import type { ConnectionSettings, RuleSettings } from '../config/schema.ts';
import type { Account } from '../contract/state.ts';
import type { Credential, CredentialRequest } from '../credentials/credentials.ts';
import type { LoginAttempt, UpstreamLogin } from '../gateway/ports.ts';
import { clientGone } from '../prompts/board.ts';
import type { LiveSession } from '../session/live-session.ts';
import { circumstances } from './circumstances.ts';
import type { Entitlement } from './entitlement.ts';
import { createSeats, serverLimits } from './limits.ts';
import type { Admitted, LiveLogins } from './live-logins.ts';
import { tokenRefused } from './refusals.ts';
import { checkStanding } from './standing.ts';
import type { Tokens } from './tokens.ts';

export interface AdmissionOptions {
  live: LiveLogins;
  tokens: Tokens;
  audit: Pick<Audit, 'append'>;
  /** The accounts that are signed in now. */
  sessions(): readonly LiveSession[];
  /** The connections that count now. */
  connections(): readonly ConnectionSettings[];
  /** User and password (or access token) for one login upstream. */
  credential(request: CredentialRequest): Promise<Credential>;
  /** @throws LatchkeyError while Latchkey is on its way out */
  refuseWhileDraining(): void;
  now: () => number;
}

/** Takes a place, fetches the credential, puts the login on record and lets it in. */
export function createAdmission(options: AdmissionOptions) {
  const { live, tokens, audit, now } = options;
  const seats = createSeats();

  /** From then on the login is among the live ones. */
  async function admit(
    attempt: LoginAttempt,
    { token, session, permission }: Entitlement,
    { connection, request, release }: Pick<Admitted, 'connection' | 'request' | 'release'>,
    onlyKill: boolean,
  ): Promise<string> {
    options.refuseWhileDraining();
    const sessionId = randomUUID();
    const ofHandle = token.handleId === undefined ? {} : { handleId: token.handleId };
    await audit.append({
      event: 'login-allowed',
      ...circumstances(attempt),
      account: session.account,
      role: permission.rule.role,
      group: permission.group.id,
      tokenId: token.id,
      ...ofHandle,
      databaseSessionId: sessionId,
      ...(onlyKill ? { only: 'kill' as const } : {}),
    });
    // Sign-out, revocation or the token's expiry may have come while the record was being written.
    const isLive = options.sessions().some(({ id }) => id === session.id);
    const end = isLive ? tokens.endOf(token.id) : 'token-revoked';
    if (end !== undefined && !(onlyKill && end === 'token-expired'))
      throw tokenRefused(end, attempt.connection, token.expiresAt);
    // So may another configuration, which has then looked for what it ends without this one.
    const { rule } = permission;
    const current = options.connections().find(({ name }) => name === connection.name);
    checkStanding({ connection, rule, database: attempt.database }, current);
    const { process } = attempt.peer;
    live.add({
      token,
      connection,
      request,
      release,
      database: attempt.database,
      shown: {
        id: sessionId,
        connection: attempt.connection,
        username: session.account.username,
        role: rule.role,
        database: attempt.database,
        program: attempt.program,
        ...defined({ process }),
        ...ofHandle,
        since: new Date(now()).toISOString(),
        bytesFromClient: 0,
        bytesFromUpstream: 0,
      },
    });
    return sessionId;
  }

  return async (
    attempt: LoginAttempt,
    connection: ConnectionSettings,
    entitlement: Entitlement,
    onlyKill: boolean,
    gone: AbortSignal,
  ): Promise<{ sessionId: string; login: UpstreamLogin }> => {
    const { rule } = entitlement.permission;
    const { account } = entitlement.session;
    const request = requestFor(connection, entitlement);
    // Whoever only stops statements takes nobody's place.
    const leave = onlyKill
      ? (): void => undefined
      : seats.take({ connection: connection.name, rule, account, handleId: entitlement.token.handleId });
    let credential: Credential | undefined;
    const release = (): void => {
      leave();
      void credential?.release();
    };
    try {
      credential = await options.credential(request);
      if (gone.aborted) throw clientGone();
      const sessionId = await admit(attempt, entitlement, { connection, request, release }, onlyKill);
      const login = {
        ...upstreamLogin(credential, rule.role, attempt.database),
        ...personIn(connection, rule, account, sessionId),
        ...serverLimits(rule),
      };
      return { sessionId, login };
    } catch (error) {
      release();
      throw error;
    }
  };
}

function requestFor(connection: ConnectionSettings, { permission, session }: Entitlement): CredentialRequest {
  const clientKey = connection.upstream.tls.clientKey?.stored;
  return {
    connection: connection.name,
    rule: permission.rule,
    session,
    ...defined({ clientKey }),
  };
}

/** User and credential, as the gateway sends them upstream. */
export function upstreamLogin(
  { user, password, accessToken, clientKey }: Credential,
  role: string,
  database: string,
): UpstreamLogin {
  return {
    user: user ?? role,
    database,
    ...defined({ password, accessToken, clientKey }),
  };
}

/** The beginning of an id of 36 characters tells sessions apart, and leaves room for a name. */
const shortId = 8;

/** What the server is told of the person. */
function personIn(
  { nameInLog }: ConnectionSettings,
  { personSetting }: RuleSettings,
  { username }: Account,
  sessionId: string,
): Pick<UpstreamLogin, 'person'> {
  const isNamed = nameInLog === 'on';
  if (!isNamed && personSetting === undefined) return {};
  const setting = personSetting === undefined ? {} : { setting: personSetting };
  return { person: { name: username, session: sessionId.slice(0, shortId), isNamed, ...setting } };
}
