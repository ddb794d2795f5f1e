import type { Problem } from '../contract/errors.ts';
import type { Handshake } from './handshake.ts';
import { reset } from './connection.ts';
import type { LiveSessions } from './live-sessions.ts';
import type { Gatekeeper, LoginAttempt, LoginDecision, ReachedLimit, Refusal, SessionEnd } from './ports.ts';
import type { Allowed, IdentifiedClient, OpenUpstream, Protocol } from './protocol.ts';
import { HungUp, Refused, refused, sqlStates, terminated, toRefusal } from './refused.ts';
import type { SessionBounds } from './session-limits.ts';
import { type Splice, splice, type SpliceEnd } from './splice.ts';
import type { UpstreamWatch } from './upstream-watch.ts';

export interface SessionContext {
  protocol: Protocol;
  gatekeeper: Gatekeeper;
  live: LiveSessions;
  /** What messages call the server. */
  server: string;
  /** How long the server may take to be told that a statement shall stop; in ms. */
  stopMs: number;
  watch: UpstreamWatch;
  /** Ends sessions at the limits of their rules. */
  bounds: SessionBounds;
  /** How long something sent to the server may stay without an acknowledgement; in ms. */
  lostAfterMs: number;
  /** The connection leads to another database by now: nobody is let into the one of before. */
  isOutdated(): boolean;
}

/** How to end the session now; what that means changes when the pipe stands. */
interface Control {
  cut(reason: string): void;
  wasCut: boolean;
  /** What became of the upstream after a cut of the open session. */
  stopped?: Promise<Problem | undefined>;
  /** The limit that the session has reached. */
  limit?: ReachedLimit;
  reach(limit: ReachedLimit): void;
  /** Why the session was ended from here, where it was for what the client sent. */
  refused?: Problem;
}

/**
 * Asks the broker, logs in upstream and joins the two sides; resolves when the session has ended. For every session
 * that the broker allows it is told the end exactly once.
 * @throws what kept the session from opening: the client is still there to be told.
 */
export async function runSession(
  handshake: Handshake,
  login: LoginAttempt,
  identified: IdentifiedClient,
  context: SessionContext,
): Promise<void> {
  const { live, gatekeeper } = context;
  const control: Control = {
    wasCut: false,
    reach: () => undefined,
    cut: (reason) => {
      control.wasCut = true;
      handshake.abort(terminated(reason));
    },
  };
  const allowed = await decide(handshake, login, control, context);
  const { sessionId } = allowed;
  let upstream: OpenUpstream | undefined;
  let pipe: Splice;
  try {
    upstream = await openInTime(identified, allowed, handshake.signal, context);
    pipe = join(handshake, upstream, control, context);
  } catch (error) {
    upstream?.forget();
    endUnopened(sessionId, error, control, context);
    throw error;
  }
  live.opened(sessionId, pipe.traffic);
  gatekeeper.sessionOpened(sessionId, upstream.database);
  const unwatch = context.watch.add(upstream.connection, context.lostAfterMs, pipe.lose);
  const unbound = context.bounds.add({
    limits: allowed.limits ?? {},
    traffic: pipe.traffic,
    openRequests: upstream.openRequests,
    end: control.reach,
  });
  const end = await pipe.ended;
  unwatch();
  unbound();
  // Until then the credential is needed: what it was made for ends with the session.
  const notStopped = await control.stopped;
  upstream.forget();
  live.remove(sessionId);
  gatekeeper.sessionEnded({
    ...end,
    sessionId,
    reason: reasonOf(end.reason, upstream, live, control.limit),
    ...(end.reason === 'upstream-lost' ? { problem: lost.refusal.problem } : {}),
    ...(control.refused === undefined ? {} : { problem: control.refused }),
    ...(end.reason === 'cut' && control.limit !== undefined ? { problem: control.limit.problem } : {}),
    ...(notStopped === undefined ? {} : { notStopped }),
  });
}

/** A client that gives up by itself says less than its own error from here. */
async function openInTime(
  identified: IdentifiedClient,
  allowed: Allowed,
  signal: AbortSignal,
  { server }: SessionContext,
): Promise<OpenUpstream> {
  const { openWithinMs } = allowed;
  if (openWithinMs === undefined) return identified.open(allowed, signal);
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(silent(server, openWithinMs)), openWithinMs);
  try {
    return await identified.open(allowed, AbortSignal.any([signal, limit.signal]));
  } finally {
    clearTimeout(timer);
  }
}

function silent(server: string, ms: number): Refused {
  return refused(sqlStates.unreachable, {
    code: 'upstream-unreachable',
    message: `The database server at ${server} has not let Latchkey in for ${Math.round(ms / 1000)} s, and this client waits no longer.`,
    remedy:
      'Check that the server runs and that this computer reaches its network (VPN); one that sleeps may be awake in a moment.',
  });
}

const lost = refused(sqlStates.connectionFailure, {
  code: 'upstream-unreachable',
  message: 'The connection to the database server was lost.',
  remedy: 'Check that this computer reaches its network (VPN), and connect again.',
});

const outdated = refused(sqlStates.unreachable, {
  code: 'config-changed',
  message: 'The configuration of this connection has changed while this login was under way.',
  remedy: 'Connect again.',
});

function reasonOf(
  reason: SpliceEnd['reason'],
  upstream: OpenUpstream,
  live: LiveSessions,
  limit: ReachedLimit | undefined,
): SessionEnd['reason'] {
  if (reason === 'cut') return limit?.reason ?? (live.closing ? 'gateway-closed' : 'cut');
  // A server that is told so may hang up first.
  return upstream.clientLeft?.() === true ? 'client-closed' : reason;
}

/** @throws Refused; the abort reason of the handshake where that comes first. */
async function decide(
  { signal }: Handshake,
  login: LoginAttempt,
  control: Control,
  context: SessionContext,
): Promise<Allowed> {
  const { gatekeeper, live } = context;
  const decided = live.deciding();
  const answer = gatekeeper
    .authorize(login, signal)
    .then((decision) => {
      if (decision.allow) live.add(decision.sessionId, (reason) => control.cut(reason));
      return decision;
    })
    .finally(decided);
  const decision = await new Promise<LoginDecision>((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason);
      // The broker may still say yes to a client that has gone, and must then hear that nothing came of it.
      answer.then(
        (late) => late.allow && endUnopened(late.sessionId, signal.reason, control, context),
        () => undefined,
      );
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
  if (!decision.allow) throw new Refused(decision.refusal);
  if (context.isOutdated()) {
    endUnopened(decision.sessionId, outdated, control, context);
    throw outdated;
  }
  return decision;
}

/** From here on nothing parses but what the protocol follows in the pipe. */
function join(
  handshake: Handshake,
  upstream: OpenUpstream,
  control: Control,
  { live, stopMs }: SessionContext,
): Splice {
  if (handshake.signal.aborted) {
    upstream.connection.socket.destroy();
    throw handshake.signal.reason;
  }
  handshake.pending.leave();
  handshake.over();
  const { client } = handshake;
  client.socket.write(upstream.welcome);
  const leftovers = { fromClient: handshake.reader.release(), fromUpstream: upstream.release() };
  const pipe = splice(client, upstream.connection, leftovers, {
    ...upstream,
    farewellLost: () => upstream.farewell(lost.refusal),
  });
  const end = (refusal: Refusal): void => {
    if (control.stopped !== undefined) return;
    pipe.cut(upstream.farewell(refusal));
    control.stopped = endUpstream(upstream, AbortSignal.any([live.hurry, AbortSignal.timeout(stopMs)]));
  };
  control.cut = (reason) => end(terminated(reason).refusal);
  control.reach = (limit) => {
    if (control.stopped !== undefined) return;
    control.limit = limit;
    const { idle, terminated: over } = sqlStates;
    end({ sqlState: limit.reason === 'idle-timeout' ? idle : over, problem: limit.problem });
  };
  upstream.whenRefused?.((refusal) => {
    control.refused ??= refusal.problem;
    end(refusal);
  });
  return pipe;
}

function endUnopened(
  sessionId: string,
  error: unknown,
  { wasCut }: Control,
  { live, gatekeeper, protocol }: SessionContext,
): void {
  live.remove(sessionId);
  const problem = toRefusal(error, protocol.name)?.problem;
  let reason: SessionEnd['reason'] = 'never-opened';
  if (error instanceof HungUp) reason = 'client-closed';
  else if (wasCut) reason = live.closing ? 'gateway-closed' : 'cut';
  gatekeeper.sessionEnded({
    sessionId,
    reason,
    ...(problem === undefined || reason !== 'never-opened' ? {} : { problem }),
    bytesFromClient: 0,
    bytesFromUpstream: 0,
  });
}

/**
 * Ends the upstream's side of a session so that nothing more is done for it there. A server notices that a client is gone
 * when it has something to send: left to itself, it would run a statement to its end, and commit it, for somebody whose
 * access has ended.
 *
 * The order depends on what there is to do:
 * - Nothing: the connection is closed, and no other one is opened.
 * - One request: it is stopped first. A pooler in between forgets a session with its connection, and would not know any
 *   more what to stop.
 * - Several: those that wait are in the server's buffer, and the stop of one would only let the next begin. So the
 *   connection is reset first, which takes them away.
 *
 * @param signal bounds the stop; the connection is gone in any case.
 * @returns what kept the statement from being stopped; undefined where none ran, or all went well.
 */
async function endUpstream(upstream: OpenUpstream, signal: AbortSignal): Promise<Problem | undefined> {
  const { connection } = upstream;
  const open = upstream.openRequests();
  if (open === 0) {
    connection.socket.destroy();
    return undefined;
  }
  if (open > 1 && !upstream.isPooled) reset(connection);
  try {
    await upstream.stop(signal);
    return undefined;
  } catch (error) {
    return signal.aborted ? tooLate : toRefusal(error, '')?.problem;
  } finally {
    reset(connection);
  }
}

const tooLate: Problem = {
  code: 'upstream-unreachable',
  message: 'The database server did not take the request to stop a statement in time.',
  remedy: 'Look on the server whether the statement still runs.',
};
