import type { SignInWay } from '../../main/contract/clouds.ts';
import { LatchkeyError, type ErrorCode } from '../../main/contract/errors.ts';
import type { Account, Group } from '../../main/contract/state.ts';
import type {
  LiveSession,
  Provider,
  SessionEvents,
  SessionRecord,
} from '../../main/identity/session-ports.ts';
import { createSession, type SessionOptions } from '../../main/identity/session.ts';

export function person(name: string, provider = 'work'): Account {
  return {
    provider,
    tenantId: 't',
    objectId: `id-${name}`,
    username: `${name}@t.example`,
    displayName: name,
  };
}

export function group(id: string): Group {
  return { id, name: `Group ${id}` };
}

export const failure = (code: ErrorCode): LatchkeyError => new LatchkeyError(code, `It failed: ${code}.`);

/** A directory that does what the test says, and keeps its tokens as the real one does: one person, over restarts. */
export interface ScriptedProvider extends Provider {
  /** Whose tokens are in the cache. */
  cached: Account | undefined;
  /** What the next reads answer: groups, or a failure. */
  answer: Group[] | LatchkeyError;
  /** What the next renewals answer instead of the cached person. */
  renewal: Account | LatchkeyError | undefined;
  /** While set, renewals and reads of groups wait for it; a sign-out or close ends the wait of a renewal. */
  gate: Promise<void> | undefined;
  /** The person enters the code that is waiting. */
  enter(account: Account | LatchkeyError): void;
  codes: number;
  /** The ways that sign-ins took, and the claims that they brought. */
  asked: { way: SignInWay; claims?: string }[];
}

export function scriptedProvider(name = 'work'): ScriptedProvider {
  let waiting: PromiseWithResolvers<Account> | undefined;
  let life = new AbortController();
  const gone = (): Promise<never> =>
    new Promise((_resolve, reject) => {
      const stop = (): void => reject(failure('sign-in-required'));
      if (life.signal.aborted) stop();
      else life.signal.addEventListener('abort', stop, { once: true });
    });
  const provider: ScriptedProvider = {
    name,
    type: 'azure-directory',
    enabled: true,
    domains: [],
    ways: ['device-code', 'browser'],
    tenant: 't',
    applicationId: 'a',
    cached: undefined,
    answer: [group('staff')],
    renewal: undefined,
    gate: undefined,
    codes: 0,
    asked: [],
    async signIn(way, { onCode, onBrowser, signal, claims }) {
      provider.asked.push(claims === undefined ? { way } : { way, claims });
      provider.codes += 1;
      const entered = Promise.withResolvers<Account>();
      waiting = entered;
      signal.addEventListener('abort', () => entered.reject(failure('sign-in-cancelled')), { once: true });
      const expiresAt = Date.now() + 900_000;
      if (way === 'browser') onBrowser(expiresAt);
      else
        onCode({
          userCode: `CODE-${provider.codes}`,
          verificationUri: 'https://localhost/device',
          expiresAt,
        });
      const account = await entered.promise;
      provider.cached = account;
      return account;
    },
    enter(account) {
      if (account instanceof LatchkeyError) waiting?.reject(account);
      else waiting?.resolve(account);
    },
    restore: async () => provider.cached,
    async renew() {
      const ended = gone();
      ended.catch(() => undefined);
      await Promise.race([provider.gate, ended]);
      if (provider.renewal instanceof LatchkeyError) throw provider.renewal;
      const account = provider.renewal ?? provider.cached;
      if (account === undefined) throw failure('sign-in-required');
      return account;
    },
    async groups() {
      await provider.gate;
      if (provider.answer instanceof LatchkeyError) throw provider.answer;
      return provider.answer;
    },
    async signOut() {
      life.abort();
      life = new AbortController();
      provider.cached = undefined;
    },
    async close() {
      life.abort();
      life = new AbortController();
    },
  };
  return provider;
}

export interface SessionEvent {
  event: string;
  session?: LiveSession;
  detail?: string;
}

/** A session on scripted providers, clocks and disk; `events` is what it has told. */
export function sessionUnderTest(providers: ScriptedProvider[], change: Partial<SessionOptions> = {}) {
  const events: SessionEvent[] = [];
  const lines: string[] = [];
  const clock = { wall: Date.UTC(2026, 0, 1), monotonic: 1000 };
  const disk: { record: SessionRecord | undefined; fault: Error | undefined } = {
    record: undefined,
    fault: undefined,
  };
  /** Set, a sign-in cannot be recorded. */
  const audit: { fault: LatchkeyError | undefined } = { fault: undefined };
  const note = (event: string, session?: LiveSession, detail?: string): void => {
    events.push({
      event,
      ...(session === undefined ? {} : { session }),
      ...(detail === undefined ? {} : { detail }),
    });
  };
  const onDisk = async (run: () => void): Promise<void> => {
    if (disk.fault !== undefined) throw disk.fault;
    run();
  };
  const port: SessionEvents = {
    started: async () => undefined,
    async signedIn(session, how) {
      if (audit.fault !== undefined) throw audit.fault;
      note('signed-in', session, how);
    },
    failed: async (_provider, { code }) => note('failed', undefined, code),
    ended: async (session, why) => note('ended', session, why),
    groupsChanged: async (session, added, removed) =>
      note(
        'groups-changed',
        session,
        `+${added.map(({ id }) => id).join()} -${removed.map(({ id }) => id).join()}`,
      ),
    refreshFailed: async (session, { code }) => note('refresh-failed', session, code),
    changed: () => undefined,
  };
  const create = () =>
    createSession({
      providers,
      deadlineMs: 8 * 3600_000,
      refreshMs: 3600_000,
      record: {
        read: async () => {
          if (disk.fault !== undefined) throw disk.fault;
          return disk.record;
        },
        write: (record) => onDisk(() => (disk.record = record)),
        clear: () => onDisk(() => (disk.record = undefined)),
      },
      events: port,
      log: (line) => lines.push(line),
      now: () => clock.wall,
      monotonic: () => clock.monotonic,
      ...change,
    });
  return { events, lines, clock, disk, audit, create };
}

/** Lets everything that is ready run, timers excluded. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
