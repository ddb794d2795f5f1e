import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { z } from 'zod';
import { brokerActions } from '../broker/actions.ts';
import type { Broker } from '../broker/broker.ts';
import { actions, schemaVersion } from '../contract/actions.ts';
import { LatchkeyError, toLogText, toProblem, type ErrorCode } from '../contract/errors.ts';
import { guard, hasBearer, type GuardRefusal } from './guard.ts';
import { brokerProof, challengePath, clientProof, isNonce, newNonce, sameProof } from './proof.ts';
import type { ChallengeAnswer } from './proof.ts';
import { pageHeaders, pagesOf } from './pages.ts';

const maxBodyBytes = 64 * 1024;

const statusOf: Partial<Record<ErrorCode, number>> = {
  'request-invalid': 400,
  'connection-unknown': 404,
  'token-unknown': 404,
  'session-unknown': 404,
  'sign-in-required': 403,
  'not-allowed': 403,
  'organisation-locked': 403,
  'role-not-allowed': 403,
  'groups-unknown': 403,
  'sign-in-busy': 409,
  'limit-reached': 429,
  internal: 500,
};

/** @param port at which the request came in over TCP */
export type RequestHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  port: number | undefined,
) => Promise<void>;

/** Answers requests: guard, proof, route. */
export function createRequestHandler(options: {
  broker: Broker;
  bearer: string;
  /** For the log of the process: faults of our own. */
  log(line: string): void;
}): RequestHandler {
  const { broker, bearer } = options;
  let loading: ReturnType<typeof loadRoutes> | undefined;
  const pages = pagesOf(broker.monitor);
  /** What the next request on a connection has to prove itself with. */
  const nonces = new WeakMap<Socket, string>();

  function refuse(request: IncomingMessage, response: ServerResponse, refusal: GuardRefusal): void {
    const { reason, status, message } = refusal;
    const { host, origin } = request.headers;
    const [path] = partsOf(request);
    void broker
      .recordRefusedRequest({
        reason,
        method: request.method ?? '',
        // Without its query, which may be anything.
        path,
        ...(host === undefined ? {} : { host }),
        ...(origin === undefined ? {} : { origin }),
      })
      .catch(() => undefined);
    response.setHeader('connection', 'close');
    send(response, status, { problem: { code: 'request-refused', message } });
  }

  /** Proves that this is the broker, and asks the same of the client; see proof.ts. */
  function answerChallenge(request: IncomingMessage, response: ServerResponse): void {
    const clientNonce = new URLSearchParams(partsOf(request)[1]).get('nonce') ?? '';
    if (!isNonce(clientNonce)) return send(response, 400, { problem: toProblem(invalid('it has no nonce')) });
    const nonce = newNonce();
    nonces.set(request.socket, nonce);
    const answer: ChallengeAnswer = { nonce, proof: brokerProof(bearer, clientNonce, nonce) };
    send(response, 200, answer);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path, query] = partsOf(request);
    const routes = await (loading ??= loadRoutes(broker));
    const route = routes.get(`${request.method} ${path}`);
    if (route === undefined)
      return send(response, 404, {
        problem: { code: 'request-invalid', message: 'There is nothing at this path.' },
      });
    try {
      const raw =
        request.method === 'GET'
          ? Object.fromEntries(new URLSearchParams(query))
          : JSON.parse(await bodyOf(request));
      const input = route.request.safeParse(raw);
      if (!input.success) throw invalid(faultText(input.error));
      send(response, 200, await route.run(input.data));
    } catch (error) {
      if (request.errored !== null) return void response.destroy();
      const problem = toProblem(error instanceof SyntaxError ? invalid('the body is not JSON') : error);
      if (problem.code === 'internal') options.log(`api: ${toLogText(error)}`);
      // What is left of a body that was not read to its end.
      if (!request.complete) response.setHeader('connection', 'close');
      send(response, statusOf[problem.code] ?? 422, { problem });
    }
  }

  return async (request, response, port) => {
    const { method = '', url = '' } = request;
    const isChallenge = method === 'GET' && partsOf(request)[0] === challengePath;
    // Good for one request, whatever becomes of it.
    const nonce = nonces.get(request.socket);
    nonces.delete(request.socket);
    const isAuthorized = (authorization = ''): boolean => {
      if (isChallenge || hasBearer(authorization, bearer)) return true;
      return (
        nonce !== undefined && sameProof(authorization, `Latchkey ${clientProof(bearer, nonce, method, url)}`)
      );
    };
    const refusal = guard({ method, headers: request.headers }, port, isAuthorized);
    if (refusal !== undefined) return refuse(request, response, refusal);
    if (isChallenge) return answerChallenge(request, response);
    const page = method === 'GET' ? pages.get(partsOf(request)[0])?.() : undefined;
    if (page !== undefined) return void response.writeHead(page.status, pageHeaders(page)).end(page.text);
    return answer(request, response);
  };
}

/** For the first request: the schemas of all actions take a while to make, and nobody has asked for any before. */
async function loadRoutes(broker: Broker) {
  const [{ routesOf }, { actionSchemas }] = await Promise.all([
    import('./routes.ts'),
    import('../contract/action-schemas.ts'),
  ]);
  return routesOf(actions, actionSchemas, brokerActions(broker));
}

function partsOf({ url = '' }: IncomingMessage): [path: string, query: string] {
  const [path = '', query = ''] = url.split('?', 2);
  return [path, query];
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) throw invalid('the body is too long');
  // Left open, so that the answer can still be sent.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length;
    if (size > maxBodyBytes) throw invalid('the body is too long');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function faultText({ issues: [first] }: z.ZodError): string | undefined {
  return first === undefined || first.path.length === 0
    ? first?.message
    : `${first.path.join('.')}: ${first.message}`;
}

function invalid(what = 'it has the wrong form'): LatchkeyError {
  return new LatchkeyError('request-invalid', `The request is not understood: ${what}.`, {
    remedy: 'docs/API.md lists the routes and their bodies.',
  });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify({ schemaVersion, ...(body as object) });
  response.writeHead(status, {
    'content-length': Buffer.byteLength(text),
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}
