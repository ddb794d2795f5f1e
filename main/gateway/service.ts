import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { PendingConnection } from './admission.ts';
import { type Handshake, createHandshake } from './handshake.ts';
import type { DescriptorBudget } from './descriptors.ts';
import { upstreamName } from './dial.ts';
import { sayFarewell } from './farewell.ts';
import type { GatewayLimits } from './limits.ts';
import type { LiveSessions } from './live-sessions.ts';
import { outOfDescriptors, ownerRefusal, type OwnerRule } from './peers/owner.ts';
import type { PeerIdentity } from './peers/identity.ts';
import type { PeerLookup } from './peers/lookup.ts';
import type { Gatekeeper, ListenerSettings, LoginAttempt, Peer } from './ports.ts';
import type { Protocol } from './protocol.ts';
import { HungUp, Refused, refused, sqlStates, toRefusal } from './refused.ts';
import { createRejections, reportRejection } from './rejections.ts';
import { createSecondTries } from './second-tries.ts';
import type { SessionBounds } from './session-limits.ts';
import { runSession, type SessionContext } from './session.ts';
import type { UpstreamWatch } from './upstream-watch.ts';

/** What the listeners of one gateway share. */
export interface SharedParts {
  gatekeeper: Gatekeeper;
  limits: GatewayLimits;
  live: LiveSessions;
  watch: UpstreamWatch;
  bounds: SessionBounds;
  peers: PeerLookup;
  /** Who may come in at all. */
  owner: OwnerRule;
  descriptors: DescriptorBudget;
  /** For errors that are nobody's fault but ours. */
  onFault(error: unknown): void;
}

/** What a connection is served by: the settings that counted when it came, and their protocol. */
export interface Terms {
  settings: ListenerSettings;
  protocol: Protocol;
}

export interface ServiceOptions extends SharedParts, Terms {
  /** More connections coming in than the clients of a person would be. */
  isCrowded(): boolean;
}

/** How long a refused client may take to read why. */
const refusalGraceMs = 1000;

/** Serves the connections of one listener, whatever its protocol: login, then a pipe. */
export function createService(options: ServiceOptions) {
  const { gatekeeper, limits, peers, owner, descriptors } = options;
  const { connection } = options.settings;
  const rejections = createRejections((rejection) => gatekeeper.rejected(rejection));
  const secondTries = createSecondTries();
  let offer = offerOf(options, options);
  let sessions = 0;

  async function attend(incoming: Incoming): Promise<void> {
    const { handshake, look } = incoming;
    const { protocol, context } = incoming.offer;
    const { socket } = handshake.client;
    // Takes as long as the rest of a client's handshake: it must go on beside it to cost nothing. In a crowd it waits
    // for the proof, as most of a crowd has none.
    handshake.onStarted = () => {
      if (!options.isCrowded()) void look();
    };
    const identified = await protocol.identify(handshake);
    if (identified === undefined) {
      handshake.client.socket.destroySoon();
      return;
    }
    incoming.client = identified.login;
    const found = await look();
    // Before anything is spent on it: a place among the sessions, the broker's time, a record of the audit.
    const foreign = ownerRefusal(handshake.peer, found, owner);
    if (foreign !== undefined) throw new Refused(foreign);
    if (identified.encrypted === true) incoming.insideTls = found;
    const told = identified.encrypted === false ? secondTries.answerFor(identified.login, found) : undefined;
    if (told !== undefined) {
      incoming.asked = true;
      throw new Refused(told);
    }
    const { unknown: _known, ...identity } = found;
    if (descriptors.isShort(socket)) throw refused(sqlStates.tooManyConnections, outOfDescriptors);
    const login = { ...identified.login, connection, peer: { ...handshake.peer, ...identity } };
    // As many as are allowed now, whatever was when the client came.
    if (sessions >= offer.settings.maxSessions) throw tooManySessions(offer.settings);
    sessions += 1;
    try {
      incoming.asked = true;
      handshake.pending.asked();
      await runSession(handshake, login, identified, context);
    } finally {
      sessions -= 1;
    }
  }

  /** Tells the client why, where it can be told, and the broker, where it was not the broker that said so. */
  async function answer(error: unknown, incoming: Incoming): Promise<void> {
    const {
      handshake,
      client,
      insideTls,
      asked,
      look,
      offer: { protocol },
    } = incoming;
    let refusal = toRefusal(error, protocol.name);
    if (refusal?.problem.code === 'internal' && !(error instanceof Refused)) options.onFault(error);
    const problem = error instanceof HungUp ? error.problem : refusal?.problem;
    if (!asked && problem !== undefined) {
      const said = { sqlState: refusal?.sqlState ?? sqlStates.protocolViolation, problem };
      const rejection = { connection, peer: handshake.peer, refusal: said, ...(client && { client }) };
      const foreign = await reportRejection(rejections, rejection, look, owner);
      refusal &&= foreign ?? refusal;
    }
    const bytes = refusal && protocol.encodeRefusal(refusal, handshake);
    if (refusal === undefined || bytes === undefined) {
      handshake.client.socket.destroySoon();
      return;
    }
    if (refusal.problem.code === 'token-wrong' || refusal.sqlState === sqlStates.wrongPassword) {
      handshake.pending.refused();
      await sleep(limits.wrongTokenMs);
    }
    if (asked && client !== undefined && insideTls !== undefined)
      secondTries.refused(client, insideTls, refusal);
    sayFarewell(handshake.client, bytes, refusalGraceMs);
  }

  return {
    /** Resolves when the connection is over, or nothing is left but the client reading why; never rejects. */
    async serve(socket: Socket, peer: Peer, pending: PendingConnection): Promise<void> {
      const handshake = createHandshake(socket, peer, pending, limits);
      let looking: Promise<PeerIdentity> | undefined;
      const incoming: Incoming = {
        handshake,
        offer,
        client: undefined,
        asked: false,
        look: () => (looking ??= peers.identify(peer, peer.localAddress ?? offer.settings.host, socket)),
      };
      try {
        await attend(incoming);
      } catch (error) {
        handshake.over();
        await answer(error, incoming);
      } finally {
        handshake.over();
        pending.leave();
      }
    },
    /**
     * Serves connections that come from now on by other settings of the same protocol. Sessions go on; who is just logging
     * in is sent away at the end where the database would be another one.
     */
    change(next: Terms): void {
      offer.isOutdated = !isDeepStrictEqual(offer.settings.upstream, next.settings.upstream);
      offer = offerOf(next, options);
    },
    /** Of the protocol. */
    get holdsFirstMessage() {
      return offer.protocol.holdsFirstMessage;
    },
    /** Tells the broker what has been counted only. */
    close: rejections.close,
  };
}

/** What connections are served by for as long as the settings stay. */
interface Offer extends Terms {
  context: SessionContext;
  /** The database that it leads to is not that of the connection any more. */
  isOutdated: boolean;
}

function offerOf({ settings, protocol }: Terms, shared: SharedParts): Offer {
  const { limits } = shared;
  const { upstream } = settings;
  const context: SessionContext = {
    ...shared,
    protocol,
    server: upstreamName(upstream),
    stopMs: limits.cancelMs,
    lostAfterMs: upstream.lostAfterMs ?? limits.lostAfterMs,
    isOutdated: () => made.isOutdated,
  };
  const made: Offer = { settings, protocol, context, isOutdated: false };
  return made;
}

/** One connection on its way in. */
interface Incoming {
  handshake: Handshake;
  /** As it was when the connection came. */
  offer: Offer;
  /** What the client says of itself, once it has. */
  client: Pick<LoginAttempt, 'clientUser' | 'database' | 'program'> | undefined;
  /** The broker has been asked, and keeps the record. */
  asked: boolean;
  /** Who it is, where it came inside TLS and may come again without. */
  insideTls?: PeerIdentity;
  /** Whose the client is; looked up once. */
  look(): Promise<PeerIdentity>;
}

function tooManySessions({ connection, maxSessions }: ListenerSettings): Refused {
  return refused(sqlStates.tooManyConnections, {
    code: 'limit-reached',
    message: `Connection "${connection}" already has its ${maxSessions} sessions.`,
    remedy: 'Close sessions that are not needed, or raise maxSessions in the configuration.',
  });
}
