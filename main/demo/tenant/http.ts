import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

/** A request as the handlers see it: read completely, the address parsed. */
export interface Incoming {
  method: string;
  url: URL;
  headers: IncomingHttpHeaders;
  body: string;
}

/** An answer before it is written, so that a fault can still change it. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** The AADSTS number or Graph error code, for the request log. */
  errorCode?: number | string | undefined;
}

const maxBodyBytes = 1024 * 1024;
const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' };

export function jsonReply(status: number, value: unknown, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...noStore, ...headers },
    body: JSON.stringify(value),
  };
}

export function htmlReply(status: number, body: string, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': 'text/html; charset=utf-8', ...noStore, ...headers }, body };
}

/** Reads a whole request. Resolves to undefined when the body is larger than 1 MiB. */
export async function readIncoming(request: IncomingMessage, origin: string): Promise<Incoming | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return {
    method: request.method ?? 'GET',
    // Joined as text: a target such as "//elsewhere" must not change the host.
    url: new URL(`${origin}${request.url?.startsWith('/') === true ? request.url : '/'}`),
    headers: request.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

/** Writes the answer with its length. */
export function writeReply(response: ServerResponse, reply: Reply): void {
  const body = Buffer.from(reply.body, 'utf8');
  response.writeHead(reply.status, { ...reply.headers, 'content-length': body.length });
  response.end(body);
}

/** The form fields of a body with the content type application/x-www-form-urlencoded; empty for any other. */
export function formOf(request: Incoming): URLSearchParams {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  return new URLSearchParams(type === 'application/x-www-form-urlencoded' ? request.body : '');
}

/** A part of an address without its escapes; as it stands where they are none. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** A header's single value. */
export function headerOf(request: Incoming, name: string): string | undefined {
  const value = request.headers[name.toLowerCase()];
  return Array.isArray(value) ? value[0] : value;
}
