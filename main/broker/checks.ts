import { defined } from '../base/defined.ts';
import type { Configuration } from '../config/schema.ts';
import { toProblem } from '../contract/errors.ts';
import type { Check } from '../contract/shapes.ts';
import type { AppState } from '../contract/state.ts';
import { openFilesLimit } from '../gateway/descriptors.ts';
import { checkOwner } from '../gateway/peers/owner-check.ts';
import type { ListenerSettings } from '../gateway/ports.ts';
import { checkUpstream } from '../gateway/upstream-check.ts';
import type { Session } from '../session/session.ts';
import type { InForce } from './in-force.ts';
import { localChecks } from './local-checks.ts';
import type { ProviderRegistry } from './providers.ts';
import type { StoredPasswords } from './stored-passwords.ts';

export interface ChecksOptions {
  inForce: Pick<InForce, 'configuration' | 'listeners'>;
  providers: Pick<ProviderRegistry, 'providers' | 'validate'>;
  session: Pick<Session, 'lastFault' | 'all'>;
  state(): AppState;
  storedPasswords: StoredPasswords['known'];
}

/** What the doctor looks at. */
export function createChecks({ inForce, providers, session, ...options }: ChecksOptions) {
  const validateProvider = (name: string): Promise<Check[]> =>
    providers.validate(name, {
      lastFault: session.lastFault(name),
      as: session.all().find(({ provider }) => provider === name)?.account,
    });

  return {
    validateProvider,

    /** Everything that can be wrong, checked now. */
    async doctor(): Promise<Check[]> {
      const local = [
        ...localChecks(options.state(), await options.storedPasswords()),
        ...(await hostChecks(inForce.configuration)),
        // All at once, without any credential.
        ...(await Promise.all(inForce.listeners.map(upstreamCheck))),
      ];
      const enabled = providers.providers().filter((provider) => provider.enabled);
      const remote = await Promise.all(enabled.map(({ name }) => validateProvider(name)));
      return [...local, ...remote.flat()];
    },
  };
}

/** Tells the log what this computer lacks. Beside the start, as Windows takes its time. */
export async function logHostChecks(
  configuration: Configuration,
  log: (line: string) => void,
): Promise<void> {
  for (const { result, message, remedy = '' } of await hostChecks(configuration))
    if (result !== 'ok') log(`${message} ${remedy}`);
}

/** Somebody waits for the answer. */
const longestMs = 5000;

/** Whether the database can be reached and proves who it is. */
async function upstreamCheck({ connection, protocol, upstream }: ListenerSettings): Promise<Check> {
  const name = `database of ${connection}`;
  const connectTimeoutMs = Math.min(upstream.connectTimeoutMs, longestMs);
  try {
    const signal = new AbortController().signal;
    const message = await checkUpstream(protocol, { ...upstream, connectTimeoutMs }, signal);
    return { name, result: 'ok', message };
  } catch (error) {
    const { code, message, remedy } = toProblem(error);
    // The network may be one that is joined when it is needed.
    const result = code === 'upstream-unreachable' ? 'warning' : 'failed';
    return { name, result, message, ...defined({ remedy }) };
  }
}

/** Whether this computer lets the gateways do their work; takes some ms, and on Windows seconds. */
async function hostChecks(configuration: Configuration): Promise<Check[]> {
  const limit = openFilesLimit();
  return [await ownerCheck(), ...(limit === undefined ? [] : [openFilesCheck(configuration, limit)])];
}

async function ownerCheck(): Promise<Check> {
  const name = 'owner of clients';
  const problem = await checkOwner();
  if (problem === undefined)
    return { name, result: 'ok', message: 'The system tells which user a client belongs to.' };
  const message = `Logins over TCP are refused. ${problem.message}`;
  return { name, result: 'failed', message, ...defined({ remedy: problem.remedy }) };
}

/** What a process needs beside the sessions: threads, the audit, the API, sign-ins. */
const ownFiles = 100;
/** The client's socket and the server's. */
const filesOfSession = 2;
/** Of a program that leads to the server: its three pipes, and both ends of the socket in between. */
const filesOfProgram = 5;

function openFilesCheck({ connections }: Configuration, limit: number): Check {
  const name = 'open files';
  const sessionsOf = (some: typeof connections): number =>
    some.reduce((sum, { maxSessions }) => sum + maxSessions, 0);
  const ledByProgram = connections.filter(({ upstream: { via } }) => via !== undefined && !('socks' in via));
  const sessions = sessionsOf(connections);
  const needed = sessions * filesOfSession + sessionsOf(ledByProgram) * filesOfProgram + ownFiles;
  const message = `Latchkey may open ${limit} files; ${sessions} sessions at once take ${needed}.`;
  if (limit >= needed) return { name, result: 'ok', message };
  const remedy = 'Raise the limit (ulimit -n; in a systemd unit: LimitNOFILE), or lower maxSessions.';
  return { name, result: 'warning', message, remedy };
}
