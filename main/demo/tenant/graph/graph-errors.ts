import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { headerOf, jsonReply, type Incoming, type Reply } from '../http.ts';

/** A refusal of Graph, thrown by its handlers and written by its server. */
export interface GraphRefusal extends Error {
  status: number;
  graphCode: string;
  headers: Record<string, string>;
}

export function graphRefusal(
  status: number,
  graphCode: string,
  message: string,
  headers: Record<string, string> = {},
): GraphRefusal {
  return Object.assign(new Error(message), { status, graphCode, headers });
}

export function isGraphRefusal(error: unknown): error is GraphRefusal {
  return error instanceof Error && 'graphCode' in error;
}

export const accessDenied = (): GraphRefusal =>
  graphRefusal(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.');

export const notFound = (id: string): GraphRefusal =>
  graphRefusal(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried objects is not there.`,
  );

export const noSegment = (segment: string): GraphRefusal =>
  graphRefusal(400, 'BadRequest', `Resource not found for the segment '${segment}'.`);

export const unsupportedQuery = (message: string): GraphRefusal =>
  graphRefusal(400, 'Request_UnsupportedQuery', message);

/** The error body of Graph, `{error: {code, message, innerError}}`, with the ids of the request. */
export function graphErrorReply(clock: Clock, request: Incoming, refusal: GraphRefusal): Reply {
  const ids = requestIds(request);
  const innerError = { date: new Date(clock.now()).toISOString().slice(0, 19), ...ids };
  const error = { code: refusal.graphCode, message: refusal.message, innerError };
  const headers = { ...refusal.headers, ...ids };
  return { ...jsonReply(refusal.status, { error }, headers), errorCode: refusal.graphCode };
}

/** The service's and the client's id of a request, the latter echoed. */
export function requestIds(request: Incoming): { 'request-id': string; 'client-request-id': string } {
  const requestId = randomUUID();
  const clientRequestId = headerOf(request, 'client-request-id') ?? requestId;
  return { 'request-id': requestId, 'client-request-id': clientRequestId };
}
