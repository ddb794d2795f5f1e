import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  text: string;
}

export interface RawRequest {
  method: string;
  path: string;
  headers: Record<string, string | undefined>;
  body?: string | undefined;
}

export type Place = { port: number } | { path: string };

/** One HTTP request with exactly these headers on a connection of its own; `status` 0 is a close without an answer. */
export async function send(place: Place, { method, path, headers, body }: RawRequest): Promise<RawAnswer> {
  const lines = Object.entries({ connection: 'close', ...headers })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const length = body === undefined ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`;
  const received = await exchange(
    place,
    `${method} ${path} HTTP/1.1\r\n${lines.join('')}${length}\r\n${body ?? ''}`,
  );
  const [head = '', ...rest] = received.split('\r\n\r\n');
  const [first = '', ...fields] = head.split('\r\n');
  const pairs = fields.map((field) => [
    field.slice(0, field.indexOf(':')).toLowerCase(),
    field.slice(field.indexOf(':') + 1).trim(),
  ]);
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0),
    headers: Object.fromEntries(pairs) as Record<string, string>,
    text: rest.join('\r\n\r\n'),
  };
}

/** Sends bytes and reads until the other side closes. */
export function exchange(place: Place, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect('port' in place ? { host: '127.0.0.1', port: place.port } : place);
    let received = '';
    socket.setEncoding('utf8').on('data', (chunk) => (received += chunk.toString()));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      // A refusal may come, and the connection end, before the whole request has been written.
      error.code === 'EPIPE' || error.code === 'ECONNRESET' ? resolve(received) : reject(error),
    );
    socket.once('close', () => resolve(received));
    socket.write(bytes);
  });
}
