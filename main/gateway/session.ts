import type { Caller } from './caller.ts';
import type { LiveSessions } from './live-sessions.ts';
import type { Gatekeeper, LoginAttempt, LoginDecision, SessionEnd } from './ports.ts';
import type { Allowed, Meeting, OpenUpstream, Protocol } from './protocol.ts';
import { HungUp, Refused, terminated, toRefusal } from './refused.ts';
import { type Splice, type SpliceEnd, splice } from './splice.ts';

export interface SessionContext {
  protocol: Protocol;
  gatekeeper: Gatekeeper;
  live: LiveSessions;
}

/** How to end the session now; what that means changes when the pipe stands. */
interface Control {
  cut(reason: string): void;
  wasCut: boolean;
}

/**
 * Asks the broker, logs in upstream and joins the two sides; resolves when the session has ended. For every session
 * that the broker allows it is told the end exactly once.
 * @throws what kept the session from opening: the client is still there to be told.
 */
export async function runSession(
  caller: Caller,
  login: LoginAttempt,
  meeting: Meeting,
  context: SessionContext,
): Promise<void> {
  const { live, gatekeeper } = context;
  const control: Control = {
    wasCut: false,
    cut: (reason) => {
      control.wasCut = true;
      caller.abort(terminated(reason));
    },
  };
  const allowed = await decide(caller, login, control, context);
  const { sessionId } = allowed;
  let far: OpenUpstream | undefined;
  let pipe: Splice;
  try {
    far = await meeting.open(allowed, caller.signal);
    pipe = join(caller, far, control);
  } catch (error) {
    far?.forget();
    endUnopened(sessionId, error, control, context);
    throw error;
  }
  live.opened(sessionId, pipe.traffic);
  gatekeeper.sessionOpened(sessionId);
  const end = await pipe.ended;
  far.forget();
  live.remove(sessionId);
  gatekeeper.sessionEnded({ ...end, sessionId, reason: reasonOf(end.reason, far, live) });
}

function reasonOf(reason: SpliceEnd['reason'], far: OpenUpstream, live: LiveSessions): SessionEnd['reason'] {
  if (reason === 'cut') return live.closing ? 'gateway-closed' : 'cut';
  // A server that is told so may hang up first.
  return reason === 'upstream-closed' && far.clientLeft?.() === true ? 'client-closed' : reason;
}

/** @throws Refused; the caller's abort reason where that comes first. */
async function decide(
  { signal }: Caller,
  login: LoginAttempt,
  control: Control,
  context: SessionContext,
): Promise<Allowed> {
  const { gatekeeper, live } = context;
  const decided = live.deciding();
  const answer = gatekeeper
    .authorize(login)
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
  return decision;
}

/** From here on nothing parses but what the protocol follows in the pipe. */
function join(caller: Caller, far: OpenUpstream, control: Control): Splice {
  if (caller.signal.aborted) {
    far.connection.socket.destroy();
    throw caller.signal.reason;
  }
  caller.visit.leave();
  caller.over();
  const { client } = caller;
  client.socket.write(far.welcome);
  const leftovers = { fromClient: caller.reader.release(), fromUpstream: far.release() };
  const pipe = splice(client, far.connection, leftovers, far);
  control.cut = (reason) => {
    pipe.cut(far.farewell(reason), far.lastWords?.());
    // A server notices that its client is gone when it has something to send: without this, a statement that is under
    // way would run to its end, and be committed, for somebody whose access has ended.
    far.stop();
  };
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
