import { formOf, type Incoming, type Reply } from './http.ts';
import type { EndpointKind } from './faults.ts';

/** One answered request, without codes, tokens and secrets. */
export interface LoggedRequest {
  /** Counts from 1 over the tenant's whole life. */
  number: number;
  /** ISO 8601, the tenant's clock. */
  time: string;
  endpoint: EndpointKind;
  method: string;
  path: string;
  /** Names of query parameters and form fields. */
  fields: string[];
  /** Values of the fields that hold no secret. */
  values: Record<string, string>;
  /** HTTP status, or what happened instead of an answer: reset, hang, or abandoned by the client. */
  status: number | 'reset' | 'hang' | 'abandoned';
  /** AADSTS number or Graph error code. */
  error?: number | string;
  /** Ids of the faults that took part. */
  faults?: number[];
}

export interface RequestLog {
  add(entry: Omit<LoggedRequest, 'number'>): void;
  list(): LoggedRequest[];
  clear(): void;
}

const maxEntries = 10_000;

/** Fields whose values say how a client behaves and open nothing. */
const openFields = new Set([
  'grant_type',
  'client_id',
  'scope',
  'response_type',
  'response_mode',
  'code_challenge_method',
  'prompt',
  'client_info',
  'action',
  'step',
  '$top',
  '$select',
  '$filter',
  '$orderby',
  '$count',
]);

export function createRequestLog(): RequestLog {
  let entries: LoggedRequest[] = [];
  let number = 0;
  return {
    add: (entry) => {
      number += 1;
      entries.push({ number, ...entry });
      if (entries.length > maxEntries) entries = entries.slice(-maxEntries);
    },
    list: () => [...entries],
    clear: () => {
      entries = [];
    },
  };
}

/** The part of an entry that the request itself gives. */
export function describeRequest(
  request: Incoming,
): Pick<LoggedRequest, 'method' | 'path' | 'fields' | 'values'> {
  const all = [...request.url.searchParams, ...formOf(request)];
  return {
    method: request.method,
    path: request.url.pathname,
    fields: [...new Set(all.map(([name]) => name))],
    values: Object.fromEntries(all.filter(([name]) => openFields.has(name))),
  };
}

export function describeReply(reply: Reply): Pick<LoggedRequest, 'status' | 'error'> {
  return reply.errorCode === undefined
    ? { status: reply.status }
    : { status: reply.status, error: reply.errorCode };
}
