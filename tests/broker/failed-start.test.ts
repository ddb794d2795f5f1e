import { createHook } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { mkdirSync, watch } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readAudit, verifyAudit } from '../../main/audit/verify.ts';
import type { ErrorCode } from '../../main/contract/errors.ts';
import { startHeadless } from '../../main/headless.ts';
import { createLog } from '../../main/log/log.ts';
import { openHome } from '../../main/store/home.ts';
import { buildWorker } from '../support/builds.ts';
import { freePort } from '../support/free-port.ts';
import { soon } from '../support/latchkey.ts';

interface Place {
  folder: string;
  home: string;
  configFile: string;
  keyFile: string;
  apiPort: number;
}

/** Makes one step of the start fail; answers with the way to take that back. */
type Spoil = (place: Place) => Promise<() => Promise<unknown>>;

let place: Place;
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lk-'));
  place = {
    folder,
    home: join(folder, 'home'),
    configFile: join(folder, 'latchkey.yaml'),
    keyFile: join(folder, 'key'),
    apiPort: await freePort(),
  };
  await writeFile(place.keyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
  await writeFile(place.configFile, JSON.stringify(await configuration()));
});
afterEach(() => rm(place.folder, { recursive: true, force: true }));

async function configuration() {
  return {
    api: { port: place.apiPort },
    providers: [
      {
        name: 'fabrikam',
        type: 'azure-directory',
        authority: 'https://login.microsoftonline.com/f4b1ca00-0000-4000-8000-000000000001',
        applicationId: 'f4b1ca00-0000-4000-8000-00000000c11e',
      },
    ],
    connections: [
      {
        name: 'sales',
        protocol: 'postgresql',
        port: await freePort(),
        upstream: { host: '127.0.0.1', port: 9, database: 'sales', tls: { mode: 'off' } },
        rules: [{ group: 'f4b1ca00-0000-4000-8000-000000000002', role: 'reader' }],
      },
    ],
  };
}

/** Something that cannot be read, written or replaced stands where a file belongs; what was there comes back. */
const inTheWay =
  (...path: string[]): Spoil =>
  async ({ home }) => {
    const file = join(home, ...path);
    await rename(file, `${file}-aside`).catch(() => undefined);
    await mkdir(join(file, 'in-the-way'), { recursive: true });
    return async () => {
      await rm(file, { recursive: true });
      await rename(`${file}-aside`, file).catch(() => undefined);
    };
  };
/** The same in `run/`, which is swept at the start: as soon as the home has been opened. */
const inTheWayOfRun =
  (name: string): Spoil =>
  async ({ home }) => {
    const run = join(home, 'run');
    const watcher = watch(run, (_event, changed) => {
      if (changed === 'owner.json') mkdirSync(join(run, name, 'in-the-way'), { recursive: true });
    });
    return async () => {
      watcher.close();
      await rm(join(run, name), { recursive: true });
    };
  };
const changed =
  (change: (wanted: Awaited<ReturnType<typeof configuration>>) => void): Spoil =>
  async ({ configFile }) => {
    const before = await readFile(configFile, 'utf8');
    const wanted = JSON.parse(before) as Awaited<ReturnType<typeof configuration>>;
    change(wanted);
    await writeFile(configFile, JSON.stringify(wanted));
    return () => writeFile(configFile, before);
  };

const steps: Record<string, { code: ErrorCode; spoil: Spoil }> = {
  'the home is opened': {
    code: 'home-unusable',
    async spoil({ home }) {
      await chmod(join(home, 'run'), 0o755);
      return () => chmod(join(home, 'run'), 0o700);
    },
  },
  'the configuration is read': {
    code: 'config-invalid',
    spoil: changed((wanted) => Object.assign(wanted, { providers: 'none' })),
  },
  'the seal is opened': {
    code: 'seal-unavailable',
    async spoil({ keyFile }) {
      const key = await readFile(keyFile);
      await rm(keyFile);
      return () => writeFile(keyFile, key, { mode: 0o600 });
    },
  },
  'the handles are read': { code: 'store-failed', spoil: inTheWay('sealed', 'key-file', 'handles.sealed') },
  'the certificate authority is written': {
    code: 'store-failed',
    spoil: inTheWay('certificates', 'latchkey-ca.pem'),
  },
  'the certificate of a provider is read': {
    code: 'config-unreadable',
    spoil: changed(({ providers: [provider] }) =>
      Object.assign(provider ?? {}, {
        cloud: 'local',
        authority: 'https://localhost:9/f4b1ca00-0000-4000-8000-000000000001',
        resource: 'https://localhost:9',
        caFile: '/nonexistent/ca.pem',
      }),
    ),
  },
  'the start is put on record': { code: 'audit-unwritable', spoil: inTheWay('audit', 'audit-000001.jsonl') },
  'the API takes its port': {
    code: 'port-in-use',
    async spoil({ apiPort }) {
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(apiPort, '127.0.0.1', resolve));
      return () => new Promise((resolve) => other.close(resolve));
    },
  },
  'the API takes its socket': { code: 'socket-unusable', spoil: inTheWayOfRun('api.sock') },
  'the API is described': { code: 'store-failed', spoil: inTheWayOfRun('api.json') },
};

/** What this process has open, without what comes and goes with the event loop itself. */
async function descriptors(): Promise<string[]> {
  const open = await readdir('/proc/self/fd');
  const targets = await Promise.all(open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return (
    targets
      .map((target) => target.replace(/\[\d+\]/, ''))
      // inotify: the test's own watch, which the event loop keeps once it has had one.
      .filter((target) => target !== '' && target !== 'anon_inode:inotify')
      .toSorted()
  );
}

const workerUrl = await buildWorker();
const start = (log: string[] = [], onStep?: (name: string) => void) =>
  startHeadless({
    onStep,
    configFile: place.configFile,
    homePath: place.home,
    keyFile: place.keyFile,
    workerUrl,
    log: createLog({ stderr: { write: (line) => log.push(line) } }),
  });

/** Whether owners of clients can be told is looked up beside the start, and may outlive a close that comes soon. */
async function settled(look: () => Promise<string[]>): Promise<string[]> {
  let before = await look();
  let same = 0;
  const isSettled = async (): Promise<boolean> => {
    const last = before;
    before = await look();
    same = before.join() === last.join() ? same + 1 : 0;
    // On a busy machine what ends late ends one by one.
    return same >= 10;
  };
  await expect.poll(isSettled, { timeout: 60_000, interval: 500 }).toBe(true);
  return before;
}

const product = new URL('../../main/', import.meta.url).pathname;

/** Timers and watches of files that were set from main/ and have neither fired nor been cleared. */
function watchTimers() {
  const live = new Map<number, string>();
  const hook = createHook({
    init(id, type) {
      if (type !== 'Timeout' && type !== 'STATWATCHER') return;
      const from = new Error(type).stack?.split('\n').find((line) => line.includes(product));
      if (from !== undefined) live.set(id, `${type} ${from.trim()}`);
    },
    destroy: (id) => void live.delete(id),
  }).enable();
  return { live: () => [...live.values()], stop: () => hook.disable() };
}

test('a start that fails before any of its steps leaves no file, socket, worker or timer, and the home free', async () => {
  const steps: string[] = [];
  await (await start([], (name) => steps.push(name))).close();
  expect(steps).toContain('home');
  expect(steps).toContain('gateway');
  const before = await settled(descriptors);
  const timers = watchTimers();
  let most = 0;
  for (const [wanted, step] of steps.entries()) {
    const reached: string[] = [];
    const failing = start([], (name) => {
      reached.push(name);
      most = Math.max(most, timers.live().length);
      if (reached.length === wanted + 1) throw new Error(`no ${name}`);
    });
    await expect(failing, step).rejects.toThrow(`no ${step}`);
    await expect.poll(descriptors, { ...soon, message: step }).toEqual(before);
    await expect.poll(timers.live, { ...soon, message: step }).toEqual([]);
    await (await openHome(place.home)).close();
  }
  timers.stop();
  expect(most).toBeGreaterThan(1);
}, 180_000);

test('whichever step of the start fails leaves nothing behind: the next start gets as far as it can', async () => {
  await (await start()).close();
  const before = await settled(descriptors);
  const log: string[] = [];
  for (const [step, { code, spoil }] of Object.entries(steps)) {
    const heal = await spoil(place);
    const failure: unknown = await start(log).catch((error: unknown) => error);
    expect(failure, step).toMatchObject({ code });
    await heal();
    await expect.poll(descriptors, { ...soon, message: step }).toEqual(before);
  }

  const runtime = await start(log);
  expect(runtime.broker.state().connections).toMatchObject([{ listener: { kind: 'listening' } }]);
  await runtime.close();
  await expect.poll(descriptors, soon).toEqual(before);
  expect(log.filter((line) => line.includes('while closing'))).toEqual([]);

  const audit = join(place.home, 'audit');
  expect(await verifyAudit(audit)).toMatchObject({ ok: true });
  const records = await readAudit(audit, { limit: 100 });
  const count = (wanted: string): number => records.filter(({ event }) => event === wanted).length;
  expect(count('broker-started')).toBe(count('broker-stopped'));
  // All but those without a home or an audit to write to.
  expect(count('start-failed')).toBe(Object.keys(steps).length - 2);
}, 180_000);
