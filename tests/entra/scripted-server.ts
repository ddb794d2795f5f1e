import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createTestAuthority } from '../support/certificates.ts';

/** A request as it arrived. */
export interface ReceivedRequest {
  /** Date.now() of its arrival. */
  at: number;
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  form: URLSearchParams;
}

export interface ScriptedServer {
  origin: string;
  caPem: string;
  requests: ReceivedRequest[];
  close(): Promise<void>;
}

/** A TLS server of the test's own making, for answers that no honest server gives. */
export async function startScriptedServer(
  answer: (request: ReceivedRequest, response: ServerResponse, origin: string) => void,
): Promise<ScriptedServer> {
  const authority = await createTestAuthority();
  const { certPem, keyPem } = await authority.issue({ ip: ['127.0.0.1'] });
  const requests: ReceivedRequest[] = [];
  const server: Server = createServer({ cert: certPem, key: keyPem }, (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('error', () => undefined);
    incoming.on('end', () => {
      const request: ReceivedRequest = {
        at: Date.now(),
        method: incoming.method ?? '',
        path: incoming.url ?? '',
        headers: incoming.headers,
        form: new URLSearchParams(Buffer.concat(chunks).toString('utf8')),
      };
      requests.push(request);
      answer(request, response, origin());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = () => `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin: origin(),
    caPem: authority.caPem,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
