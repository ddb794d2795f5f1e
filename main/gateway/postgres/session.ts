import { LatchkeyError } from '../../contract/errors.ts';
import type { LiveSessions } from '../live-sessions.ts';
import type { Gatekeeper, LoginAttempt, LoginDecision, SessionEnd } from '../ports.ts';
import { type Splice, splice } from '../splice.ts';
import { encodeAuthentication, encodeBackendKey } from './backend-messages.ts';
import type { Caller } from './caller.ts';
import type { CancelKeys } from './cancel-keys.ts';
import { createMessageBoundary } from './message-boundary.ts';
import { HungUp, Refused, encodeRefusal, refused, sqlStates, toRefusal } from './refused.ts';
import { formatServerFinal } from './scram-messages.ts';
import type { Upstream, UpstreamSession } from './upstream.ts';

export interface SessionRequest {
  login: LoginAttempt;
  /** Minor version of protocol 3 that both sides speak. */
  minor: number;
  /** Startup parameters for the upstream. */
  parameters: Map<string, string>;
}

export interface SessionContext {
  gatekeeper: Gatekeeper;
  live: LiveSessions;
  upstream: Upstream;
  cancelKeys: CancelKeys;
}

const cancelMs = 10_000;

type Allowed = Extract<LoginDecision, { allow: true }>;

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
  request: SessionRequest,
  context: SessionContext,
): Promise<void> {
  const control: Control = {
    wasCut: false,
    cut: (reason) => {
      control.wasCut = true;
      caller.abort(terminated(reason));
    },
  };
  const allowed = await decide(caller, request.login, control, context);
  const { sessionId } = allowed;
  let key: ReturnType<CancelKeys['issue']> | undefined;
  let pipe: Splice;
  try {
    const far = await context.upstream.logIn(allowed.login, request.parameters, caller.signal);
    key = far.key && context.cancelKeys.issue(far.key, request.minor >= 2 ? 32 : 4);
    const stopQuery = (): void => cancelQuery(far, context.upstream);
    pipe = join(caller, far, welcome(request.login, allowed, far, key), control, stopQuery);
  } catch (error) {
    key?.forget();
    endUnopened(sessionId, error, control, context);
    throw error;
  }
  context.gatekeeper.sessionOpened(sessionId);
  const end = await pipe.ended;
  key?.forget();
  context.live.remove(sessionId);
  const reason = end.reason === 'cut' && context.live.closing ? 'gateway-closed' : end.reason;
  context.gatekeeper.sessionEnded({ ...end, sessionId, reason });
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

/** What the client gets between its proof and the first query: "Start-up" and "SCRAM-SHA-256 Authentication". */
function welcome(
  { proof }: LoginAttempt,
  { serverSignature }: Allowed,
  far: UpstreamSession,
  key: ReturnType<CancelKeys['issue']> | undefined,
): Buffer {
  const messages: Buffer[] = [];
  if (proof.kind === 'scram-sha-256') {
    if (serverSignature === undefined)
      throw new LatchkeyError('internal', 'Latchkey met an error it did not expect.', {
        cause: new TypeError('a SCRAM login was allowed without a server signature'),
      });
    messages.push(encodeAuthentication({ kind: 'sasl-final', data: formatServerFinal(serverSignature) }));
  }
  messages.push(encodeAuthentication({ kind: 'ok' }), far.greeting);
  if (key !== undefined) messages.push(encodeBackendKey(key));
  return Buffer.concat([...messages, far.ready]);
}

/** From here on nothing parses but the follower of message lengths. */
function join(
  caller: Caller,
  far: UpstreamSession,
  greeting: Buffer,
  control: Control,
  stopQuery: () => void,
): Splice {
  if (caller.signal.aborted) {
    far.connection.socket.destroy();
    throw caller.signal.reason;
  }
  caller.visit.leave();
  caller.over();
  caller.socket.write(greeting);
  const boundary = createMessageBoundary();
  const leftovers = { fromClient: caller.reader.release(), fromUpstream: far.reader.release() };
  const pipe = splice(caller.client, far.connection, leftovers, boundary.watch);
  control.cut = (reason) => {
    pipe.cut(boundary.atBoundary ? encodeRefusal(terminated(reason).refusal) : undefined);
    stopQuery();
  };
  return pipe;
}

/**
 * A server notices that its client is gone when it has something to send: without this, a statement that is under way
 * would run to its end, and be committed, for somebody whose access has ended.
 */
function cancelQuery({ key }: UpstreamSession, upstream: Upstream): void {
  if (key !== undefined) upstream.cancel(key, AbortSignal.timeout(cancelMs)).catch(() => undefined);
}

function endUnopened(
  sessionId: string,
  error: unknown,
  { wasCut }: Control,
  { live, gatekeeper }: SessionContext,
): void {
  live.remove(sessionId);
  const problem = toRefusal(error)?.problem;
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

/** What a server says to a session that its administrator ends. */
function terminated(reason: string): Refused {
  return refused(sqlStates.terminated, { code: 'request-refused', message: reason });
}
