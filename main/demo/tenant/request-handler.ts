import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from './clock.ts';
import { answerUnderFaults, type ErrorWriter } from './fault-injection.ts';
import type { EndpointKind, Faults } from './faults.ts';
import { formOf, jsonReply, readIncoming, writeReply, type Incoming, type Reply } from './http.ts';
import type { Handle } from './listener.ts';
import { describeReply, describeRequest, type RequestLog } from './request-log.ts';
import type { Effects } from './authority/sts.ts';

export interface Route {
  endpoint: EndpointKind;
  /** GUID of the tenant in the path, where there is one. */
  tenantId: string | undefined;
  handle(effects: Effects): Promise<Reply> | Reply;
}

export interface RequestHandlerParts {
  origin: string;
  clock: Clock;
  faults: Faults;
  log: RequestLog;
  route(request: Incoming): Route;
  writer(request: Incoming): ErrorWriter;
  reset(request: IncomingMessage): void;
}

/** Reads a request, lets the faults at it, writes the answer and logs what happened. */
export function createRequestHandler(parts: RequestHandlerParts): Handle {
  return (message, response) => {
    // What remains to fail here is a client that goes away while it sends; a broken handler answers 500 below.
    handle(parts, message, response).catch(() => response.destroy());
  };
}

async function handle(
  parts: RequestHandlerParts,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const request = await readIncoming(message, parts.origin);
  if (request === undefined) {
    response.setHeader('connection', 'close');
    writeReply(
      response,
      jsonReply(413, { error: 'invalid_request', error_description: 'The request is too large.' }),
    );
    return;
  }
  const route = parts.route(request);
  const time = new Date(parts.clock.now()).toISOString();
  const faults = parts.faults.take({
    endpoint: route.endpoint,
    path: request.url.pathname,
    grantType: formOf(request).get('grant_type') ?? undefined,
    tenantId: route.tenantId,
  });
  const abandoned = new AbortController();
  response.once('close', () => abandoned.abort());
  const answer = await answerUnderFaults(
    faults,
    parts.writer(request),
    parts.clock,
    (effects) => route.handle(effects),
    abandoned.signal,
  ).catch((error: unknown) => {
    if (abandoned.signal.aborted) return 'abandoned' as const;
    const detail = error instanceof Error ? error.message : String(error);
    const body = { error: 'server_error', error_description: detail };
    return { ...jsonReply(500, body), errorCode: 'server_error' };
  });
  parts.log.add({
    time,
    endpoint: route.endpoint,
    ...describeRequest(request),
    ...(typeof answer === 'string' ? { status: answer } : describeReply(answer)),
    ...(faults.length === 0 ? {} : { faults: faults.map((fault) => fault.id) }),
  });
  if (answer === 'reset') parts.reset(message);
  else if (typeof answer !== 'string') writeReply(response, answer);
}
