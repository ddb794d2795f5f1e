import { loopbackNames } from '../contract/loopback.ts';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** How a request was refused before any action saw it. */
export interface GuardRefusal {
  status: 400 | 401 | 403 | 405 | 415 | 421;
  reason: 'host' | 'origin' | 'method' | 'bearer' | 'content-type';
  message: string;
}

export interface GuardedRequest {
  method: string;
  headers: IncomingHttpHeaders;
}

/**
 * Checks every request before it is routed. A page that has been rebound to 127.0.0.1 sends no Origin and no
 * Sec-Fetch header, so the Host header is what gives it away; a cross-site form or script cannot set a bearer header
 * or a JSON content type without a preflight, which is never answered.
 * @param isAuthorized whether the header of that name proves that the bearer is known
 * @param port of the listener, or undefined for a unix socket or pipe, where the name alone counts.
 */
export function guard(
  { method, headers }: GuardedRequest,
  port: number | undefined,
  isAuthorized: (authorization: string | undefined) => boolean,
): GuardRefusal | undefined {
  const hosts = port === undefined ? loopbackNames : loopbackNames.map((name) => `${name}:${port}`);
  if (!hosts.includes(headers.host ?? '')) {
    return { status: 421, reason: 'host', message: 'This address is not served here.' };
  }
  const origin = headers.origin;
  const site = headers['sec-fetch-site'];
  if (origin !== undefined || (site !== undefined && site !== 'none')) {
    return { status: 403, reason: 'origin', message: 'Web pages may not use this API.' };
  }
  if (method !== 'GET' && method !== 'POST') {
    return { status: 405, reason: 'method', message: 'Only GET and POST are known here.' };
  }
  if (!isAuthorized(headers.authorization)) {
    return { status: 401, reason: 'bearer', message: 'The bearer token of run/api.json is needed.' };
  }
  if (
    method === 'POST' &&
    headers['content-type']?.split(';')[0]?.trim().toLowerCase() !== 'application/json'
  ) {
    return {
      status: 415,
      reason: 'content-type',
      message: 'The body must be JSON (content-type: application/json).',
    };
  }
  return undefined;
}

/** Whether the header is the bearer itself, which programs of the same user may choose to send. */
export function hasBearer(authorization: string | undefined, bearer: string): boolean {
  return sameSecret(bearerOf(authorization), bearer);
}

function bearerOf(header: string | undefined): string {
  return /^Bearer ([\w-]+)$/.exec(header ?? '')?.[1] ?? '';
}

/** Compares digests, so that neither length nor content shows in the time it takes. */
function sameSecret(left: string, right: string): boolean {
  const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
