import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { apiDescription, apiFile, type ApiDescription } from '../api/description.ts';
import { fromProblem, LatchkeyError } from '../contract/errors.ts';
import { appState, problem, type AppState } from '../contract/state.ts';

/** The command line's way to the broker of a home. */
export interface Client {
  /** The state, or the next one above revision `after` if it comes within `waitSeconds`; an abort ends the wait. */
  state(options?: {
    after: number;
    waitSeconds: number;
    signal: AbortSignal;
  }): Promise<{ revision: number; state: AppState }>;
  get(path: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<unknown>;
}

const failure = z.object({ problem });
const stateAnswer = z.object({ revision: z.number(), state: appState });

/** @throws LatchkeyError `broker-not-running` where no broker has this home. */
export async function connectClient(home: string): Promise<Client> {
  const description = await readDescription(home);
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<unknown> => {
    const { status, text } = await send(description, method, path, body, signal).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw notRunning(home, cause);
    });
    const answer: unknown = JSON.parse(text);
    if (status === 200) return answer;
    const failed = failure.safeParse(answer);
    throw failed.success
      ? fromProblem(failed.data.problem as Parameters<typeof fromProblem>[0])
      : new LatchkeyError('internal', `The broker answered with status ${status}.`);
  };
  return {
    async state(options) {
      const query = options === undefined ? '' : `?after=${options.after}&wait=${options.waitSeconds}`;
      return stateAnswer.parse(await call('GET', `/v1/state${query}`, undefined, options?.signal));
    },
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
  };
}

async function readDescription(home: string): Promise<ApiDescription> {
  try {
    return apiDescription.parse(JSON.parse(await readFile(apiFile({ run: join(home, 'run') }), 'utf8')));
  } catch (cause) {
    throw notRunning(home, cause);
  }
}

function notRunning(home: string, cause: unknown): LatchkeyError {
  return new LatchkeyError('broker-not-running', `No Latchkey is running for ${home}.`, {
    remedy: 'Start the Latchkey application, or run: latchkey serve',
    cause,
  });
}

function send(
  { url, socket, bearer }: ApiDescription,
  method: string,
  path: string,
  body: unknown,
  signal: AbortSignal | undefined,
): Promise<{ status: number; text: string }> {
  const place =
    socket === undefined ? { host: new URL(url).hostname, port: new URL(url).port } : { socketPath: socket };
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...place,
        method,
        path,
        ...(signal === undefined ? {} : { signal }),
        headers: {
          // Over a socket there is no port to name; the guard expects the bare name there.
          ...(socket === undefined ? {} : { host: 'localhost' }),
          authorization: `Bearer ${bearer}`,
          ...(payload === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        );
        response.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}
