import { randomUUID } from 'node:crypto';
import type { LoginCircumstances } from '../audit/events.ts';
import { auditFault } from '../audit/fault.ts';
import type { ConnectionSettings } from '../config/schema.ts';
import { LatchkeyError, toLogText, toProblem } from '../contract/errors.ts';
import type { Account, DatabaseSession } from '../contract/state.ts';
import type { Credential, CredentialRequest } from '../credentials/credentials.ts';
import type { Gatekeeper, LoginAttempt, LoginDecision, Peer, SessionEnd } from '../gateway/ports.ts';
import type { LiveSession } from '../identity/session-ports.ts';
import type { Demand } from '../prompts/board.ts';
import { type ClientDemand, programIdentity } from '../prompts/client-desk.ts';
import { createGrounds, type GroundsOptions, type Standing } from './grounds.ts';
import type { Handle, Handles } from './handles.ts';
import { createLiveLogins } from './live-logins.ts';
import { handleRefused, refusal, tokenRefused } from './refusals.ts';
import type { Token } from './tokens.ts';

export interface GatekeeperOptions extends Omit<GroundsOptions, 'now'> {
  connections: readonly ConnectionSettings[];
  handles: Handles;
  /** User and password (or access token) for one login upstream. */
  credential(request: CredentialRequest): Promise<Credential>;
  /** Each of these resolves when the login may go on, and throws a LatchkeyError where it may not. */
  waitFor: {
    /** This person is signed in. */
    signIn(account: Account, tool: string, demand: Demand): Promise<void>;
    /** The program has been allowed. */
    client(demand: ClientDemand): Promise<void>;
    /** A second factor stands behind the login. */
    secondFactor(session: LiveSession, mode: 'session' | 'login', demand: Demand): Promise<void>;
  };
  /** How long a client can be kept waiting, in ms. */
  holdMs(connection: ConnectionSettings, attempt: LoginAttempt): number;
  /** The user whom this process belongs to; undefined on systems without user ids. */
  uid: number | undefined;
  /** True where the system always tells the owner of a loopback peer; then "unknown" is refused. */
  peerUidKnown: boolean;
  /** For the log of the process: faults of our own. */
  log?(line: string): void;
  now?: () => number;
}

/** Who came with what: a token, or a handle behind which a token is still to be made. */
interface Verified {
  token?: Token;
  handle?: Handle;
  serverSignature?: Uint8Array;
}

export type LoginDesk = ReturnType<typeof createGatekeeper>;

/**
 * Decides every login at the gateways, and knows which are live. The order of the checks is the order of the
 * sentences that help most: a foreign process is told nothing about tokens, a person whose token is fine but whose
 * groups are gone hears about the groups.
 */
export function createGatekeeper(options: GatekeeperOptions) {
  const { connections, tokens, handles, audit, waitFor, now = Date.now } = options;
  const logins = createLiveLogins();
  const { permitted, standingOf, tokenBehind } = createGrounds({ ...options, now });

  function connectionNamed(name: string): ConnectionSettings {
    const found = connections.find((connection) => connection.name === name);
    if (found !== undefined) return found;
    throw new LatchkeyError('connection-unknown', `There is no connection "${name}".`, {
      remedy: `Known connections: ${connections.map((connection) => connection.name).join(', ') || 'none'}.`,
    });
  }

  function checkPeer({ transport, uid, sameUser }: Peer): void {
    // A unix socket stands in a folder that only its owner may enter.
    if (transport === 'unix') return;
    const isOwn =
      options.uid === undefined
        ? sameUser !== false
        : uid === undefined
          ? !options.peerUidKnown
          : uid === options.uid;
    if (isOwn) return;
    throw new LatchkeyError('os-user-refused', 'This Latchkey serves another user of this computer.', {
      remedy: 'Start Latchkey as your own user.',
    });
  }

  /** @throws LatchkeyError `token-…`, `handle-…`, with `found` told first where the proof fitted one. */
  function verify(attempt: LoginAttempt, found: (verified: Verified) => void): Verified {
    const ofToken = tokens.verify(attempt);
    const ofHandle = ofToken.ok || ofToken.token !== undefined ? undefined : handles.verify(attempt);
    if (ofHandle !== undefined) {
      found({ handle: ofHandle.handle });
      if (!ofHandle.ok) throw handleRefused(ofHandle.code, ofHandle.handle);
      checkProgram(ofHandle.handle, attempt);
      return ofHandle;
    }
    if (ofToken.token !== undefined) found({ token: ofToken.token });
    if (!ofToken.ok) throw tokenRefused(ofToken.code, attempt.connection, ofToken.token?.expiresAt);
    return ofToken;
  }

  function checkProgram(handle: Handle, { peer }: LoginAttempt): void {
    if (handle.uid !== options.uid) throw handleRefused('handle-foreign', handle);
    const program = programIdentity(peer.process);
    if (handle.boundTo === undefined || handle.boundTo === program) return;
    const whose = `This handle was made for "${handle.tool}" and belongs to ${handle.boundTo}`;
    throw program === undefined
      ? new LatchkeyError('handle-foreign', `${whose}; which program came with it cannot be told.`, {
          remedy: 'Connect again; if it stays, use a token.',
        })
      : new LatchkeyError('handle-foreign', `${whose}; another program came with it.`, {
          remedy: `Make a handle for this program: latchkey handle make ${handle.connection}`,
        });
  }

  /** Waits for whatever a person has to do first, and answers with what the login stands on after that. */
  async function stand(
    attempt: LoginAttempt,
    connection: ConnectionSettings,
    { token, handle }: Verified,
  ): Promise<Standing> {
    const demand: Demand = {
      connection: connection.name,
      database: connection.upstream.database,
      role: token?.role ?? handle?.role ?? '',
      program: attempt.program,
      address: addressOf(attempt.peer),
      ...(attempt.peer.process === undefined ? {} : { process: attempt.peer.process }),
      holdMs: options.holdMs(connection, attempt),
    };
    const began = now();
    /** The client's patience is one, whatever it is spent on. */
    const rest = (role: string): Demand => ({
      ...demand,
      role,
      holdMs: Math.max(0, demand.holdMs - (now() - began)),
    });
    if (handle !== undefined) await waitFor.signIn(handle.account, handle.tool, demand);
    const used = token ?? (await tokenBehind(handle, connection, attempt.clientUser));
    let standing = standingOf(used, connection);
    if (asksForClient(connection, handle)) {
      await waitFor.client({
        sessionId: standing.session.id,
        demand: rest(used.role),
        ...(handle === undefined ? {} : { handle, remember: (program) => handles.bind(handle.id, program) }),
      });
      standing = standingOf(used, connection);
    }
    const { mfa } = standing.permission.rule;
    if (mfa !== 'never') {
      await waitFor.secondFactor(standing.session, mfa, rest(used.role));
      // A person was waited for: what was true before is looked at again.
      standing = standingOf(used, connection);
    }
    if (handle !== undefined && !handles.isLive(handle.id)) throw handleRefused('handle-revoked', handle);
    return standing;
  }

  /** A handle that is bound has been allowed for good; one that is not shows who uses it. */
  function asksForClient({ askForPrograms }: ConnectionSettings, handle: Handle | undefined): boolean {
    if (askForPrograms === 'never') return false;
    return handle === undefined ? askForPrograms === 'always' : handle.boundTo === undefined;
  }

  /** Puts the login on record and lets it in; from then on it is among the live ones. */
  async function admit(
    attempt: LoginAttempt,
    { token, session, permission }: Standing,
    release: () => void,
  ): Promise<string> {
    const sessionId = randomUUID();
    await audit.append({
      event: 'login-allowed',
      ...circumstances(attempt),
      account: session.account,
      role: permission.rule.role,
      group: permission.group.id,
      tokenId: token.id,
      ...(token.handleId === undefined ? {} : { handleId: token.handleId }),
      databaseSessionId: sessionId,
    });
    // Sign-out, revocation or the token's expiry may have come while the record was being written.
    const end = options.liveSession()?.id === session.id ? tokens.endOf(token.id) : 'token-revoked';
    if (end !== undefined) throw tokenRefused(end, attempt.connection, token.expiresAt);
    const { process } = attempt.peer;
    logins.add({
      token,
      release,
      shown: {
        id: sessionId,
        connection: attempt.connection,
        username: session.account.username,
        role: permission.rule.role,
        database: attempt.database,
        program: attempt.program,
        ...(process === undefined ? {} : { process }),
        ...(token.handleId === undefined ? {} : { handleId: token.handleId }),
        since: new Date(now()).toISOString(),
        bytesFromClient: 0,
        bytesFromUpstream: 0,
      },
    });
    return sessionId;
  }

  async function authorize(
    attempt: LoginAttempt,
    found: (verified: Verified) => void,
  ): Promise<Extract<LoginDecision, { allow: true }>> {
    checkPeer(attempt.peer);
    const connection = connectionNamed(attempt.connection);
    const verified = verify(attempt, found);
    const standing = await stand(attempt, connection, verified);
    const { rule } = standing.permission;
    const { session } = standing;
    const credential = await options.credential({ connection: connection.name, rule, session });
    const { user = rule.role, password, accessToken } = credential;
    try {
      const sessionId = await admit(attempt, standing, () => void credential.release());
      return {
        allow: true,
        sessionId,
        login: {
          user,
          database: connection.upstream.database,
          ...(password === undefined ? {} : { password }),
          ...(accessToken === undefined ? {} : { accessToken }),
        },
        ...(verified.serverSignature === undefined ? {} : { serverSignature: verified.serverSignature }),
      };
    } catch (error) {
      void credential.release();
      throw error;
    }
  }

  const gatekeeper: Gatekeeper = {
    async authorize(attempt): Promise<LoginDecision> {
      let found: Verified = {};
      try {
        return await authorize(attempt, (verified) => {
          found = verified;
        });
      } catch (error) {
        if (!(error instanceof LatchkeyError)) options.log?.(`login: ${toLogText(error)}`);
        const answer = refusal(toProblem(error));
        const { token, handle } = found;
        // Where the audit itself is the reason, the record of the refusal cannot be written either; the refusal stands.
        await audit
          .append({
            event: 'login-refused',
            ...circumstances(attempt),
            ...(token === undefined ? {} : { account: token.account, tokenId: token.id }),
            ...(handle === undefined ? {} : { account: handle.account, handleId: handle.id }),
            ...auditFault(answer.problem),
          })
          .catch(() => undefined);
        return { allow: false, refusal: answer };
      }
    },

    sessionOpened(sessionId): void {
      const login = logins.opened(sessionId);
      if (login === undefined) return;
      options.changed();
      void audit
        .append({
          event: 'database-session-opened',
          databaseSessionId: sessionId,
          connection: login.shown.connection,
        })
        .catch(() => undefined);
    },

    traffic(news): void {
      logins.traffic(news);
      options.changed();
    },

    sessionEnded(end: SessionEnd): void {
      const login = logins.ended(end.sessionId);
      if (login === undefined) return;
      options.changed();
      void audit
        .append({
          event: 'database-session-ended',
          databaseSessionId: end.sessionId,
          connection: login.shown.connection,
          reason: end.reason,
          ...(end.problem === undefined ? {} : auditFault(end.problem)),
          bytesFromClient: end.bytesFromClient,
          bytesFromUpstream: end.bytesFromUpstream,
        })
        .catch(() => undefined);
    },

    rejected({ connection, peer, refusal: { problem } }): void {
      const unknown = { clientUser: '', database: '', program: '' };
      void audit
        .append({
          event: 'login-refused',
          ...circumstances({ connection, peer, ...unknown }),
          ...auditFault(problem),
        })
        .catch(() => undefined);
    },
  };

  return {
    ...gatekeeper,
    connectionNamed,
    permitted,
    /** Live logins, oldest first. */
    sessions: (): DatabaseSession[] => logins.sessions(),
    /** Ids of the logins that `which` picks, those included that have been let in but are not yet through upstream. */
    sessionIds: logins.ids,
  };
}

/** What the audit calls an attempt, whoever it turns out to be. */
function circumstances(attempt: Omit<LoginAttempt, 'proof'>): LoginCircumstances {
  const { connection, clientUser, database, program, peer } = attempt;
  return {
    connection,
    clientUser,
    database,
    program,
    address: addressOf(peer),
    ...(peer.uid === undefined ? {} : { uid: peer.uid }),
    ...(peer.process === undefined ? {} : { process: peer.process }),
  };
}

function addressOf({ transport, address, port }: Peer): string {
  return transport === 'unix' ? 'unix' : `${address ?? '?'}:${port ?? '?'}`;
}
