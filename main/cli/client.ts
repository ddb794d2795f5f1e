import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { apiFile, readApiDescription, type ApiDescription } from '../api/description.ts';
import type { ActionReply, ActionRequest, ActionSchema } from '../contract/action-schemas.ts';
import { type Action, type ApiAction, actions, schemaVersion } from '../contract/actions.ts';
import type { ApiState } from '../contract/api-state.ts';
import { errorCodes, fromProblem, LatchkeyError, type Problem } from '../contract/errors.ts';
import { isJsonObject } from '../contract/json.ts';
import { version } from '../base/version.ts';
import { defined } from '../base/defined.ts';
import { provenRequest } from './proven-request.ts';

/** The command line's way to the broker of a home. */
export interface Client {
  /** The account that the command line names; it goes with each action that takes one. */
  as: string | undefined;
  /** Has the broker do one of the actions that have a route. @throws LatchkeyError as the broker says */
  call<A extends ApiAction>(
    action: A,
    request: ActionRequest<A>,
    signal?: AbortSignal,
  ): Promise<ActionReply<A>>;
  /** The state, or the next one above revision `after` if it comes within `waitSeconds`; an abort ends the wait. */
  state(options?: {
    after?: number;
    waitSeconds?: number;
    signal?: AbortSignal;
  }): Promise<{ revision: number; state: ApiState }>;
}

/** One request; resolves to the answer, and rejects with the problem of one that failed. */
export type Ask = (
  method: string,
  path: string,
  options?: { body?: object; signal?: AbortSignal | undefined; soon?: boolean },
) => Promise<unknown>;

/** Longer than the longest wait for a new state (30 s), and far longer than what answers soon. */
const soonMs = 45_000;
/** Longer than any action lasts that waits for the directory or for an answer of the phone. */
const actionTimeoutMs = 10 * 60_000;

/** @throws LatchkeyError `broker-not-running` where no broker has this home. */
export async function connectClient(home: string, as?: string): Promise<Client> {
  const description = await readDescription(home);
  const ask = callerOf(actions, await schemasFor(description), askOf(home, description)) as Client['call'];
  const call = ((action, request, signal) =>
    ask(action, { ...(takesAccount(action) ? defined({ as }) : {}), ...request }, signal)) as Client['call'];
  return {
    as,
    call,
    state: ({ signal, ...options } = {}) =>
      call('readState', { after: options.after, wait: options.waitSeconds }, signal),
  };
}

/** Undefined where no broker has this home. */
export async function runningClient(home: string, as: string | undefined): Promise<Client | undefined> {
  try {
    return await connectClient(home, as);
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === 'broker-not-running') return undefined;
    throw error;
  }
}

type Schemas = Readonly<Record<string, ActionSchema>>;

/**
 * A broker of this version has proved itself and held its reply against this very contract before it sent it, so that no
 * command waits for the schemas, which take longer to load than all the rest. What another version says is held against
 * them.
 */
async function schemasFor(description: ApiDescription): Promise<Schemas | undefined> {
  if (description.version === version) return undefined;
  return (await import('../contract/action-schemas.ts')).actionSchemas;
}

/**
 * The actions of a table over HTTP: each by its name, with its reply as the contract has it.
 * @param schemas what the replies have to fit; undefined where whoever is asked has seen to that
 */
export function callerOf(
  table: Readonly<Record<string, Action>>,
  schemas: Schemas | undefined,
  ask: Ask,
): (name: string, request: object, signal?: AbortSignal) => Promise<unknown> {
  return async (name, request, signal) => {
    const { route, soon = false } = table[name] ?? {};
    const [method = '', path = ''] = route?.split(' ') ?? [];
    if (path === '') throw new TypeError(`the action ${name} has no route`);
    const answer =
      method === 'GET'
        ? await ask(method, `${path}${queryOf(request)}`, { signal })
        : await ask(method, path, { body: request, signal, soon });
    if (isJsonObject(answer) && answer['schemaVersion'] === schemaVersion) {
      const { schemaVersion: _, ...reply } = answer;
      if (schemas === undefined) return reply;
      const parsed = schemas[name]?.reply.safeParse(reply);
      if (parsed?.success === true) return parsed.data;
    }
    throw new LatchkeyError('internal', 'Latchkey has answered in a way that this command does not know.', {
      remedy: 'Start Latchkey again, in the version of this command.',
    });
  };
}

function takesAccount(action: ApiAction): boolean {
  const { may, as }: Action = actions[action];
  return may === 'administers' || as === true;
}

function queryOf(request: object): string {
  const query = new URLSearchParams(
    Object.entries(request).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  ).toString();
  return query === '' ? '' : `?${query}`;
}

/** The API of the broker that has this home. @throws LatchkeyError `broker-not-running` where none has */
export async function connectApi(home: string): Promise<Ask> {
  return askOf(home, await readDescription(home));
}

function askOf(home: string, description: ApiDescription): Ask {
  return async (method, path, { body, signal, soon = method === 'GET' } = {}) => {
    const { status, text } = await provenRequest(description, {
      method,
      path,
      body,
      timeoutMs: soon ? soonMs : actionTimeoutMs,
      signal,
    }).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw cause instanceof LatchkeyError ? cause : unanswered(home, cause);
    });
    const answer: unknown = JSON.parse(text);
    if (status === 200) return answer;
    const problem = isJsonObject(answer) ? answer['problem'] : undefined;
    throw isProblem(problem)
      ? fromProblem(problem)
      : new LatchkeyError('internal', `The broker answered with status ${status}.`);
  };
}

/** A code that this version does not know is no problem that it could tell of. */
function isProblem(value: unknown): value is Problem {
  return (
    isJsonObject(value) &&
    (errorCodes as readonly unknown[]).includes(value['code']) &&
    typeof value['message'] === 'string'
  );
}

async function readDescription(home: string): Promise<ApiDescription> {
  try {
    return readApiDescription(await readFile(apiFile({ run: join(home, 'run') }), 'utf8'));
  } catch (cause) {
    throw unanswered(home, cause);
  }
}

/** Only what says that nobody is there says that nothing runs. */
function unanswered(home: string, cause: unknown): LatchkeyError {
  const { code = '' } = cause as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ECONNREFUSED':
      return notRunning(home, cause);
    case 'EACCES':
      return new LatchkeyError(
        'broker-unanswering',
        `The state folder ${home} is of another user of this computer.`,
        {
          remedy:
            'Run the command as that user (sudo -Hu <user> latchkey …), or name a folder of your own with --home or LATCHKEY_HOME.',
          cause,
        },
      );
    case 'EMFILE':
    case 'ENFILE':
      return new LatchkeyError('broker-unanswering', 'This command may open no more files.', {
        remedy: 'Close other programs, or raise the limit: ulimit -n',
        cause,
      });
    // A process without descriptors takes a connection and closes it at once.
    case 'ECONNRESET':
    case 'EPIPE':
      return new LatchkeyError(
        'broker-unanswering',
        `The Latchkey of ${home} has hung up without an answer.`,
        {
          remedy:
            'It may have no file descriptors left: close database sessions that are not needed, or raise its limit (ulimit -n; in a systemd unit: LimitNOFILE). Then try again.',
          cause,
        },
      );
    default:
      return new LatchkeyError(
        'broker-unanswering',
        `The Latchkey of ${home} cannot be asked (${code || 'its description cannot be read'}).`,
        { remedy: 'Try again; if it stays, start Latchkey again.', cause },
      );
  }
}

function notRunning(home: string, cause: unknown): LatchkeyError {
  return new LatchkeyError('broker-not-running', `No Latchkey is running for ${home}.`, {
    remedy: 'Start the Latchkey application, or run: latchkey serve',
    cause,
  });
}
