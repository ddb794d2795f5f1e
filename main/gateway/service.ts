import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Visit } from './admission.ts';
import { type Caller, createCaller } from './caller.ts';
import { sayFarewell } from './farewell.ts';
import type { GatewayLimits } from './limits.ts';
import type { LiveSessions } from './live-sessions.ts';
import type { PeerIdentity, PeerLookup } from './peer.ts';
import type { Gatekeeper, ListenerSettings, Peer } from './ports.ts';
import type { Protocol } from './protocol.ts';
import { HungUp, Refused, refused, sqlStates, toRefusal } from './refused.ts';
import { createRejections } from './rejections.ts';
import { runSession } from './session.ts';

export interface ServiceOptions {
  settings: ListenerSettings;
  protocol: Protocol;
  gatekeeper: Gatekeeper;
  limits: GatewayLimits;
  live: LiveSessions;
  peers: PeerLookup;
  /** More visitors than the clients of a person would be. */
  isCrowded(): boolean;
  /** For errors that are nobody's fault but ours. */
  onFault(error: unknown): void;
}

/** How long a refused client may take to read why. */
const refusalGraceMs = 1000;

/** Serves the connections of one listener, whatever its protocol: login, then a pipe. */
export function createService(options: ServiceOptions) {
  const { settings, protocol, gatekeeper, limits, live, peers, isCrowded, onFault } = options;
  const reject = createRejections((rejection) => gatekeeper.rejected(rejection));
  let sessions = 0;

  async function attend(caller: Caller): Promise<void> {
    const { socket } = caller.client;
    let looking: Promise<PeerIdentity> | undefined;
    const look = (): Promise<PeerIdentity> =>
      (looking ??= peers.identify(caller.peer, settings.host, socket));
    // Takes as long as the rest of a client's handshake: it must go on beside it to cost nothing. In a crowd it waits
    // for the proof, as most of a crowd has none.
    caller.onStarted = () => {
      if (!isCrowded()) void look();
    };
    const meeting = await protocol.meet(caller);
    if (meeting === undefined) {
      caller.client.socket.destroySoon();
      return;
    }
    const { connection } = settings;
    const login = { ...meeting.login, connection, peer: { ...caller.peer, ...(await look()) } };
    if (sessions >= settings.maxSessions) throw tooManySessions(settings);
    sessions += 1;
    try {
      caller.visit.asked();
      await runSession(caller, login, meeting, { protocol, gatekeeper, live });
    } finally {
      sessions -= 1;
    }
  }

  /** Tells the client why, where it can be told, and the broker, where it was not the broker that said so. */
  async function answer(error: unknown, caller: Caller, asked: boolean): Promise<void> {
    const refusal = toRefusal(error, protocol.name);
    if (refusal?.problem.code === 'internal' && !(error instanceof Refused)) onFault(error);
    const problem = error instanceof HungUp ? error.problem : refusal?.problem;
    if (!asked && problem !== undefined) {
      const sqlState = refusal?.sqlState ?? sqlStates.protocolViolation;
      reject({ connection: settings.connection, peer: caller.peer, refusal: { sqlState, problem } });
    }
    const bytes = refusal && protocol.encodeRefusal(refusal, caller);
    if (refusal === undefined || bytes === undefined) {
      caller.client.socket.destroySoon();
      return;
    }
    if (refusal.problem.code === 'token-wrong' || refusal.sqlState === sqlStates.wrongPassword) {
      caller.visit.refused();
      await sleep(limits.wrongTokenMs);
    }
    sayFarewell(caller.client, bytes, refusalGraceMs);
  }

  return {
    speaksFirst: protocol.speaksFirst,
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

function tooManySessions({ connection, maxSessions }: ListenerSettings): Refused {
  return refused(sqlStates.tooManyConnections, {
    code: 'limit-reached',
    message: `Connection "${connection}" already has its ${maxSessions} sessions.`,
    remedy: 'Close sessions that are not needed, or raise maxSessions in the configuration.',
  });
}
