import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './clock.ts';
import type { Fault } from './faults.ts';
import { htmlReply, jsonReply, type Reply } from './http.ts';
import { isStsErrorCode, type StsError } from './sts-errors.ts';
import type { Effects } from './authority/sts.ts';

/** How a server writes the errors that faults ask for: the authority and Graph have different bodies. */
export interface ErrorWriter {
  sts(error: StsError): Reply;
  graph(status: number, code: string): Reply;
  /** The body of a 429 or 5xx in this server's own form. */
  unavailable(status: number): Reply;
}

/** Runs a handler under the faults taken for a request. `reset` and `hang` are for the caller to carry out. */
export async function answerUnderFaults(
  faults: Fault[],
  writer: ErrorWriter,
  clock: Clock,
  handle: (effects: Effects) => Promise<Reply> | Reply,
  signal: AbortSignal,
): Promise<Reply | 'reset' | 'hang'> {
  const effects: Effects = { skewSeconds: 0, asUser: undefined };
  let answer: Reply | 'reset' | 'hang' | undefined;
  for (const fault of faults) {
    if (fault.type === 'latency') await delay(fault.milliseconds, undefined, { signal });
    if (fault.type === 'clock_skew') effects.skewSeconds += fault.seconds;
    if (fault.type === 'another_user') effects.asUser = fault.user;
    answer ??= answerOf(fault, writer);
  }
  answer ??= await handle(effects);
  if (typeof answer === 'string') return answer;
  const date = new Date(clock.now() + effects.skewSeconds * 1000).toUTCString();
  let reply = { ...answer, headers: { date, ...answer.headers } };
  for (const fault of faults) {
    if (fault.type === 'omit') reply = withoutField(reply, fault.field);
  }
  const isTruncated = faults.some((fault) => fault.type === 'truncate');
  return isTruncated ? { ...reply, body: reply.body.slice(0, Math.floor(reply.body.length / 2)) } : reply;
}

function answerOf(fault: Fault, writer: ErrorWriter): Reply | 'reset' | 'hang' | undefined {
  switch (fault.type) {
    case 'reset':
    case 'hang':
      return fault.type;
    case 'slow_down':
      return writer.sts({ code: 90055 });
    case 'error': {
      if (!isStsErrorCode(fault.code)) return undefined;
      const claims = fault.claims === undefined ? undefined : JSON.stringify(fault.claims);
      return writer.sts({ code: fault.code, claims, suberror: fault.suberror });
    }
    case 'graph_error':
      return writer.graph(fault.status, fault.code);
    case 'throttle':
      return withRetryAfter(writer.unavailable(429), fault.retryAfter);
    case 'server_error':
      return withRetryAfter(serverError(fault.status, fault.format, writer), fault.retryAfter);
    default:
      return undefined;
  }
}

function serverError(
  status: number,
  format: 'html' | 'json' | 'json_without_error',
  writer: ErrorWriter,
): Reply {
  if (format === 'json') return writer.unavailable(status);
  if (format === 'json_without_error') return jsonReply(status, { message: 'The service is unavailable.' });
  const page = `<!DOCTYPE html><html><head><title>${status}</title></head><body><h1>Service unavailable</h1></body></html>`;
  return htmlReply(status, page);
}

function withRetryAfter(reply: Reply, seconds: number | undefined): Reply {
  if (seconds === undefined) return reply;
  return { ...reply, headers: { ...reply.headers, 'retry-after': String(seconds) } };
}

function withoutField<T extends Reply>(reply: T, field: string): T {
  try {
    const body = JSON.parse(reply.body) as Record<string, unknown>;
    delete body[field];
    return { ...reply, body: JSON.stringify(body) };
  } catch {
    return reply;
  }
}
