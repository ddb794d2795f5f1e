import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Visit } from '../admission.ts';
import { sayFarewell } from '../farewell.ts';
import type { GatewayLimits } from '../limits.ts';
import type { LiveSessions } from '../live-sessions.ts';
import type { PeerLookup } from '../peer.ts';
import type { Gatekeeper, ListenerSettings, Peer, ScramParameters } from '../ports.ts';
import { createRejections } from '../rejections.ts';
import { type BackendKey, encodeNegotiateVersion } from './backend-messages.ts';
import { type Caller, createCaller } from './caller.ts';
import { createCancelKeys } from './cancel-keys.ts';
import { readProof } from './client-authentication.ts';
import { type ClientRequest, readClientRequest } from './negotiation.ts';
import { HungUp, Refused, encodeRefusal, refused, sqlStates, toRefusal } from './refused.ts';
import { createScramKeyCache } from './scram-key-cache.ts';
import { type SessionRequest, runSession } from './session.ts';
import { checkStartup } from './startup-parameters.ts';
import { createUpstream } from './upstream.ts';

export interface PostgresServiceOptions {
  settings: ListenerSettings;
  gatekeeper: Gatekeeper;
  scram: ScramParameters;
  limits: GatewayLimits;
  live: LiveSessions;
  peers: PeerLookup;
  /** For errors that are nobody's fault but ours. */
  onFault(error: unknown): void;
}

type StartupRequest = Extract<ClientRequest, { kind: 'startup' }>;

/** Minor versions of protocol 3 that we speak: 0, and 2 with its longer cancel keys. There is no 1. */
const newestMinor = 2;
/** How long a refused client may take to read why. */
const refusalGraceMs = 1000;

/**
 * Serves the connections of one PostgreSQL listener: login, then a pipe.
 * @throws Error where the settings' certificate authority is unusable.
 */
export function createPostgresService(options: PostgresServiceOptions) {
  const { settings, gatekeeper, scram, limits, live, peers, onFault } = options;
  const upstream = createUpstream(settings.upstream, createScramKeyCache());
  const cancelKeys = createCancelKeys();
  const context = { gatekeeper, live, upstream, cancelKeys };
  const reject = createRejections((rejection) => gatekeeper.rejected(rejection));
  let sessions = 0;

  async function attend(caller: Caller): Promise<void> {
    // Takes as long as a client's handshake: it must begin with it to cost nothing.
    const uid = peers.uid(caller.peer, settings.host);
    const request = await readClientRequest(caller.socket, caller.reader);
    caller.started();
    caller.visit.introduced();
    if (request.kind === 'cancel') {
      await forwardCancel(request);
      caller.socket.destroySoon();
      return;
    }
    const session = await readLogin(caller, request, uid);
    if (sessions >= settings.maxSessions) throw tooManySessions(settings);
    sessions += 1;
    try {
      caller.visit.asked();
      await runSession(caller, session, context);
    } finally {
      sessions -= 1;
    }
  }

  async function readLogin(
    caller: Caller,
    request: StartupRequest,
    looking: Promise<number | undefined>,
  ): Promise<SessionRequest> {
    const { user, database, program, parameters } = checkStartup(request.parameters, settings);
    const minor = Math.min(request.minor, newestMinor);
    const before = versionAnswer(request, minor);
    const proof = await readProof(caller.socket, caller.reader, settings.clientAuth, scram, before);
    const uid = await looking;
    const peer = uid === undefined ? caller.peer : { ...caller.peer, uid };
    const { connection } = settings;
    return { login: { connection, clientUser: user, database, program, peer, proof }, minor, parameters };
  }

  /** A cancel request has no answer, so that its failure cannot be told either; the query goes on. */
  async function forwardCancel(request: BackendKey): Promise<void> {
    const key = cancelKeys.find(request);
    if (key === undefined) return;
    await upstream.cancel(key, AbortSignal.timeout(limits.cancelMs)).catch(() => undefined);
  }

  /** Tells the client why, where it can be told, and the broker, where it was not the broker that said so. */
  async function answer(error: unknown, caller: Caller, asked: boolean): Promise<void> {
    const refusal = toRefusal(error);
    if (refusal?.problem.code === 'internal' && !(error instanceof Refused)) onFault(error);
    const problem = error instanceof HungUp ? error.problem : refusal?.problem;
    if (!asked && problem !== undefined) {
      const sqlState = refusal?.sqlState ?? sqlStates.protocolViolation;
      reject({ connection: settings.connection, peer: caller.peer, refusal: { sqlState, problem } });
    }
    if (refusal === undefined) {
      caller.socket.destroySoon();
      return;
    }
    if (refusal.problem.code === 'token-wrong' || refusal.sqlState === sqlStates.wrongPassword) {
      caller.visit.refused();
      await sleep(limits.wrongTokenMs);
    }
    sayFarewell(caller.client, encodeRefusal(refusal), refusalGraceMs);
  }

  return {
    /** Resolves when the connection is over, or nothing is left but the client reading why; never rejects. */
    async serve(socket: Socket, peer: Peer, visit: Visit): Promise<void> {
      let asked = false;
      const watched: Visit = {
        ...visit,
        asked() {
          asked = true;
          visit.asked();
        },
      };
      const caller = createCaller(socket, peer, watched, limits);
      try {
        await attend(caller);
      } catch (error) {
        caller.over();
        await answer(error, caller, asked);
      } finally {
        caller.over();
        visit.leave();
      }
    },
  };
}

/** What goes out first where the client wants more of the protocol than we speak: "Start-up". */
function versionAnswer({ minor, protocolOptions }: StartupRequest, spoken: number): Buffer {
  const needed = minor > newestMinor || protocolOptions.length > 0;
  return needed ? encodeNegotiateVersion(spoken, protocolOptions) : Buffer.alloc(0);
}

function tooManySessions({ connection, maxSessions }: ListenerSettings): Refused {
  return refused(sqlStates.tooManyConnections, {
    code: 'limit-reached',
    message: `Connection "${connection}" already has its ${maxSessions} sessions.`,
    remedy: 'Close sessions that are not needed, or raise maxSessions in the configuration.',
  });
}
