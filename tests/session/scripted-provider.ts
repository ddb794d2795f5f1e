import type { SignInWay } from '../../main/contract/clouds.ts';
import { LatchkeyError, type ErrorCode } from '../../main/contract/errors.ts';
import type { Account, Group } from '../../main/contract/state.ts';
import type { SessionEvents } from '../../main/session/events.ts';
import type { LiveSession, SessionRecord } from '../../main/session/live-session.ts';
import type { Provider } from '../../main/session/provider-port.ts';
import type { RecordKey } from '../../main/session/stored-sessions.ts';
import { createSession, type SessionOptions } from '../../main/session/session.ts';

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

/** A directory that does what the test says, and keeps its tokens as the real one does: for each account, over restarts. */
export interface ScriptedProvider extends Provider {
  /** Whose tokens are in its caches, by object id. */
  caches: Map<string, Account>;
  /** The one of these that came last. */
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
  /** Renewals that were asked of the authority, whatever the access token is worth. */
  renewals: number;
  /** The ways that sign-ins took, and the claims that they brought. */
  asked: { way: SignInWay; claims?: string }[];
}

export function scriptedProvider(name = 'work'): ScriptedProvider {
  let waiting: PromiseWithResolvers<Account> | undefined;
  const caches = new Map<string, Account>();
  const lives = new Map<string, AbortController>();
  const lifeOf = (objectId: string): AbortController => {
    const life = lives.get(objectId) ?? new AbortController();
    lives.set(objectId, life);
    return life;
  };
  const endLife = (objectId: string): void => {
    lives.get(objectId)?.abort();
    lives.delete(objectId);
  };
  const gone = ({ signal }: AbortController): Promise<never> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(failure('sign-in-required')), { once: true });
    });
  async function groups(): Promise<Group[]> {
    await provider.gate;
    if (provider.answer instanceof LatchkeyError) throw provider.answer;
    return provider.answer;
  }
  const provider: ScriptedProvider = {
    name,
    type: 'azure-directory',
    enabled: true,
    domains: [],
    ways: ['device-code', 'browser'],
    tenant: 't',
    applicationId: 'a',
    caches,
    get cached() {
      return [...caches.values()].at(-1);
    },
    set cached(account) {
      caches.clear();
      if (account !== undefined) caches.set(account.objectId, account);
    },
    answer: [group('staff')],
    renewal: undefined,
    gate: undefined,
    codes: 0,
    renewals: 0,
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
      return {
        account,
        names: [account.username],
        membership: async () => ({ account, groups: await groups(), names: [] }),
        async keep() {
          if (signal.aborted) throw failure('sign-in-cancelled');
          caches.delete(account.objectId);
          caches.set(account.objectId, account);
        },
      };
    },
    enter(account) {
      if (account instanceof LatchkeyError) waiting?.reject(account);
      else waiting?.resolve(account);
    },
    restore: async (objectId) => caches.get(objectId),
    async renew(objectId, { fresh = true } = {}) {
      if (fresh) provider.renewals += 1;
      const ended = gone(lifeOf(objectId));
      ended.catch(() => undefined);
      await Promise.race([provider.gate, ended]);
      if (provider.renewal instanceof LatchkeyError) throw provider.renewal;
      const account = provider.renewal ?? caches.get(objectId);
      if (account === undefined) throw failure('sign-in-required');
      return account;
    },
    async membership(objectId) {
      const account = provider.renewal instanceof LatchkeyError ? undefined : provider.renewal;
      const known = account ?? caches.get(objectId);
      const found = await groups();
      if (known === undefined) throw failure('sign-in-required');
      return { account: known, groups: found };
    },
    async accessToken(_scopes, { objectId }) {
      if (!caches.has(objectId)) throw failure('sign-in-required');
      return { text: `token of ${objectId}`, expiresAt: Date.now() + 3600_000 };
    },
    async signOut(objectId) {
      for (const id of objectId === undefined ? [...lives.keys()] : [objectId]) endLife(id);
      for (const id of objectId === undefined ? [...caches.keys()] : [objectId]) caches.delete(id);
    },
    async close() {
      for (const id of lives.keys()) endLife(id);
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
  const records: SessionRecord[] = [];
  const disk: { records: SessionRecord[]; record: SessionRecord | undefined; fault: Error | undefined } = {
    records,
    /** The only one. */
    get record() {
      return records[0];
    },
    set record(record) {
      records.splice(0, Infinity, ...(record === undefined ? [] : [record]));
    },
    fault: undefined,
  };
  const drop = ({ provider, objectId }: RecordKey): void => {
    const at = records.findIndex((one) => one.provider === provider && one.objectId === objectId);
    if (at >= 0) records.splice(at, 1);
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
      most: 8,
      deadlineMs: 8 * 3600_000,
      refreshMs: 3600_000,
      record: {
        read: async () => {
          if (disk.fault !== undefined) throw disk.fault;
          return [...records];
        },
        write: (record) =>
          onDisk(() => {
            drop(record);
            records.push(record);
          }),
        clear: (of) => onDisk(() => drop(of)),
        clearAll: () => onDisk(() => void records.splice(0)),
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
