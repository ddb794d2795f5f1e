import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import type { ApiDescription } from '../api/description.ts';
import { brokerProof, challengePath, clientProof, newNonce, sameProof } from '../api/proof.ts';
import type { ChallengeAnswer } from '../api/proof.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { jsonObject } from '../contract/json.ts';

/** The broker answers a challenge without waiting for anything. */
const challengeTimeoutMs = 10_000;

export interface Asked {
  method: string;
  path: string;
  body?: unknown;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface Answer {
  status: number;
  text: string;
}

/**
 * One request on a connection on which the broker has proved itself first: until then nothing is sent that a stranger
 * could use, and the bearer itself never is.
 * @throws LatchkeyError `broker-unanswering` where it does not prove itself or does not answer in time; the system's
 *   error where there is no connection
 */
export async function provenRequest(description: ApiDescription, asked: Asked): Promise<Answer> {
  const { bearer } = description;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const clientNonce = newNonce();
    const { answer, socket } = await exchange(description, agent, {
      method: 'GET',
      path: `${challengePath}?nonce=${clientNonce}`,
      timeoutMs: challengeTimeoutMs,
      signal: asked.signal,
    });
    const { nonce, proof: given } = challengeAnswer(answer);
    if (
      nonce === undefined ||
      given === undefined ||
      !sameProof(given, brokerProof(bearer, clientNonce, nonce))
    )
      throw stranger(description);
    const proof = clientProof(bearer, nonce, asked.method, asked.path);
    return (await exchange(description, agent, asked, { proof, socket })).answer;
  } finally {
    agent.destroy();
  }
}

function exchange(
  { url, socket: socketPath }: ApiDescription,
  agent: Agent,
  { method, path, body, timeoutMs, signal }: Asked,
  proven?: { proof: string; socket: Socket },
): Promise<{ answer: Answer; socket: Socket }> {
  const place =
    socketPath === undefined ? { host: new URL(url).hostname, port: new URL(url).port } : { socketPath };
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const limit = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const outgoing = request({
      ...place,
      agent,
      method,
      path,
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      headers: {
        // Over a socket there is no port to name; the guard expects the bare name there.
        ...(socketPath === undefined ? {} : { host: 'localhost' }),
        ...(proven === undefined ? {} : { authorization: `Latchkey ${proven.proof}` }),
        ...(payload === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
      },
    });
    const fail = (error: unknown): void =>
      reject(limit.aborted && signal?.aborted !== true ? tooSlow(timeoutMs) : (error as Error));
    outgoing.on('socket', (socket) => {
      // Whoever is behind another connection has proved nothing.
      if (proven !== undefined && socket !== proven.socket)
        outgoing.destroy(Object.assign(new Error('another connection'), { code: 'ECONNRESET' }));
      else outgoing.end(payload);
    });
    outgoing.on('error', fail);
    outgoing.on('response', (response) => {
      // Kept for the next request; once that one has ended, the response no longer knows it.
      const { socket } = response;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const answer = { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
        // Later, when the agent has the connection back.
        setImmediate(() => resolve({ answer, socket }));
      });
      response.on('error', fail);
    });
  });
}

function challengeAnswer({ status, text }: Answer): Partial<ChallengeAnswer> {
  const { nonce, proof } = (status === 200 ? jsonObject(text) : undefined) ?? {};
  return typeof nonce === 'string' && typeof proof === 'string' ? { nonce, proof } : {};
}

function stranger({ url, socket }: ApiDescription): LatchkeyError {
  return new LatchkeyError(
    'broker-unanswering',
    `What answers at ${socket ?? url} has not proved to be your Latchkey; nothing was sent to it.`,
    {
      remedy:
        'Start Latchkey again, in the version of this command. If it stays, find out which program has taken its place.',
    },
  );
}

function tooSlow(timeoutMs: number): LatchkeyError {
  return new LatchkeyError(
    'broker-unanswering',
    `Latchkey has not answered within ${Math.round(timeoutMs / 1000)} seconds.`,
    { remedy: 'Try again; if it stays, end it and start it again. Its log says what it was doing.' },
  );
}
