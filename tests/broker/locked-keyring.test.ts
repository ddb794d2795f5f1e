import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client as PgClient } from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { verifyAudit } from '../../main/audit/verify.ts';
import { LatchkeyError, type Problem } from '../../main/contract/errors.ts';
import type { Check } from '../../main/contract/shapes.ts';
import type { MadeHandle } from '../../main/contract/shapes.ts';
import { createLog } from '../../main/log/log.ts';
import { startRuntime, type Runtime } from '../../main/runtime.ts';
import { createAesSeal, type Seal } from '../../main/store/seal.ts';
import { buildWorker } from '../support/builds.ts';
import {
  connect,
  createLatchkey,
  refusalOf,
  soon,
  startWorld,
  storePasswords,
  type Latchkey,
} from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';

const ada = 'ada@fabrikam.example';
const bruno = 'bruno@fabrikam.example';
const locked: Problem = {
  code: 'seal-unavailable',
  message: 'The keyring of this computer is locked.',
  remedy: 'Unlock it.',
};

/** A keyring as the desktop has it: the same key at every start, and locked until told otherwise. */
function keyringWith(key: Uint8Array, isOpen: boolean): { seal: Seal; unlock(): void; asked(): number } {
  const listeners = new Set<() => void>();
  const aes = createAesSeal('keychain', key);
  let open = isOpen;
  let asked = 0;
  const demand = (): void => {
    if (!open) throw new LatchkeyError('seal-unavailable', locked.message, { remedy: locked.remedy });
  };
  return {
    seal: {
      ...aes,
      async seal(plain) {
        demand();
        return aes.seal(plain);
      },
      async open(sealed) {
        demand();
        return aes.open(sealed);
      },
      late: {
        problem: () => (open ? undefined : locked),
        subscribe(listener) {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
        ask: () => void (asked += 1),
      },
    },
    asked: () => asked,
    unlock() {
      open = true;
      for (const listener of listeners) listener();
    },
  };
}

describeWith([parts.postgres], 'a keyring that is locked at the start', () => {
  let latchkey: Latchkey;
  let runtime: Runtime | undefined;
  let asked: () => number;
  let key: Uint8Array;
  const world = useAll(startWorld);
  beforeEach(async () => {
    latchkey = await createLatchkey(world, {
      started: false,
      configure: ({ connections }) => {
        for (const connection of connections) Object.assign(connection, { askForPrograms: 'never' });
      },
    });
    key = randomBytes(32);
  });
  afterEach(async () => {
    await stop();
    await latchkey?.close();
  });

  async function start(isOpen: boolean, change: (seal: Seal) => Seal = (seal) => seal): Promise<() => void> {
    const keyring = keyringWith(key, isOpen);
    const { seal, unlock } = keyring;
    asked = keyring.asked;
    runtime = await startRuntime({
      configFile: latchkey.config,
      homePath: latchkey.home,
      headless: true,
      workerUrl: await buildWorker(),
      openSeal: async () => change(seal),
      openBrowser: async () => undefined,
      log: createLog(),
    });
    return unlock;
  }

  async function stop(): Promise<void> {
    await runtime?.close();
    runtime = undefined;
  }

  const handleFor = async (connection: string): Promise<MadeHandle> =>
    (await (await latchkey.client()).post('/v1/handles', { connection, tool: 'DBeaver' })) as MadeHandle;
  const connectWith = ({ handle, ...place }: MadeHandle) =>
    connect({ ...place, token: handle } as unknown as Parameters<typeof connect>[0]);

  /** All that must stay as it is, so that a file that was moved, changed or taken away shows. */
  async function disk(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const folder of ['sealed/keychain', 'certificates'])
      for (const name of await readdir(join(latchkey.home, folder)).catch(() => []))
        if (!name.includes('passing')) found[name] = await readFile(join(latchkey.home, folder, name), 'hex');
    return found;
  }

  /** Whether a client that trusts the installation's authority alone gets through the TLS handshake at the gateway. */
  async function isTrusted(port: number): Promise<boolean> {
    const ca = await readFile(join(latchkey.home, 'certificates', 'latchkey-ca.pem'), 'utf8');
    const client = new PgClient({
      host: 'localhost',
      port,
      user: ada,
      database: 'sales',
      password: 'wrong',
      ssl: { ca },
    });
    client.on('error', () => undefined);
    const error = (await client.connect().catch((thrown: unknown) => thrown)) as { code?: string };
    return error.code === '28000';
  }

  it('nothing is lost or changed; handles, certificates, audit and sign-in count again once it is unlocked', async () => {
    await start(true);
    await storePasswords(latchkey, world);
    await latchkey.signIn(ada);
    const handle = await handleFor('sales');
    expect(await isTrusted(handle.port)).toBe(true);
    await stop();
    const before = await disk();

    const unlock = await start(false);
    const state = await latchkey.until(({ signIn }) => signIn.kind === 'signed-out');
    expect(state.seal).toEqual({
      kind: 'keychain',
      reason: 'The keyring of this computer is locked. Unlock it.',
      waiting: true,
      canAsk: true,
    });
    await expect
      .poll(async () => (await latchkey.state()).signIn, soon)
      .toMatchObject({ problem: { code: 'seal-unavailable', message: locked.message } });
    expect(await refusalOf(connectWith(handle))).toMatchObject({
      sqlState: '28000',
      message: 'Saved passwords cannot be checked now: The keyring of this computer is locked.',
    });
    const { checks } = (await (await latchkey.client()).post('/v1/doctor', {})) as { checks: Check[] };
    expect(checks.find(({ name }) => name === 'keyring')).toMatchObject({
      result: 'failed',
      message: expect.stringContaining('is locked') as string,
    });
    expect(await isTrusted(handle.port)).toBe(false);
    expect(await disk()).toEqual(before);
    const codes = world.tenant.deviceCodes().length;
    const command = ['unlock', '--keyring'];
    expect(await latchkey.run(...command)).toMatchObject({
      code: 0,
      out: 'The system asks for the password of the keyring on its screen.\n',
    });
    expect(asked()).toBe(1);

    unlock();
    const { signIn, seal } = await latchkey.until(({ signIn: { kind } }) => kind === 'signed-in');
    expect(signIn).toMatchObject({ account: { username: ada } });
    expect(seal).toEqual({ kind: 'keychain' });
    expect(await latchkey.run(...command)).toMatchObject({ code: 0, out: 'The keyring is not locked.\n' });
    expect(asked()).toBe(1);
    expect(world.tenant.deviceCodes()).toHaveLength(codes);
    const client = await connectWith(handle);
    expect((await client.query('select current_user')).rows).toEqual([{ current_user: 'sales_readonly' }]);
    await client.end();
    await expect.poll(() => isTrusted(handle.port), soon).toBe(true);
    expect(await readdir(join(latchkey.home, 'certificates'))).toEqual(['latchkey-ca.pem']);
    const after = await disk();
    for (const name of ['latchkey-ca.pem', 'handles.sealed', 'local-authority.sealed', 'audit-key.sealed'])
      expect(after[name], name).toBe(before[name]);
    expect(await latchkey.audit('seal-opened')).toHaveLength(1);
    expect(await latchkey.audit('audit-key-made')).toHaveLength(1);
    await stop();
    expect(await verifyAudit(join(latchkey.home, 'audit'))).toMatchObject({ ok: true });
  });

  it('who signs in meanwhile stays signed in, and is stored at the unlock, when the stored account comes back', async () => {
    await start(true);
    await storePasswords(latchkey, world);
    await latchkey.signIn(ada);
    await stop();
    const before = await disk();

    const unlock = await start(false);
    await latchkey.signIn(bruno);
    expect(await disk()).toEqual(before);
    const client = await latchkey.client();
    const { connections } = await latchkey.state();
    const [open] = connections.filter(({ grants }) => grants.length > 0);
    const token = await latchkey.token(open?.name ?? '');
    expect(await refusalOf(connect(token))).toMatchObject({
      message: expect.stringContaining('keyring of this computer is locked') as string,
    });
    await expect(client.post('/v1/handles', { connection: open?.name, tool: 'x' })).rejects.toMatchObject({
      code: 'seal-unavailable',
    });

    unlock();
    await latchkey.until(({ seal }) => seal.waiting === undefined);
    await latchkey.until(({ accounts }) => accounts.length === 2);
    const stored = Object.keys(await disk()).filter((name) => name.startsWith('session-'));
    expect(stored).toHaveLength(2);
    await (await connect(token)).end();
    await stop();

    await start(true);
    const { accounts } = await latchkey.until(({ signIn: { kind } }) => kind === 'signed-in');
    expect(accounts.map(({ account }) => account.username).toSorted()).toEqual([ada, bruno]);
  });

  it('a sign-out meanwhile is one for good', async () => {
    await start(true);
    await latchkey.signIn(ada);
    await stop();
    await start(false);
    await latchkey.signOut();
    await stop();
    await start(true);
    await latchkey.until(({ signIn }) => signIn.kind === 'signed-out');
    expect(Object.keys(await disk()).filter((name) => name.startsWith('session'))).toEqual([]);
  });

  it('a first start works too: the audit is written, and handles are made from the unlock on', async () => {
    const unlock = await start(false);
    expect((await latchkey.state()).audit.kind).toBe('writing');
    await latchkey.signIn(ada);
    await expect(handleFor('sales')).rejects.toMatchObject({ code: 'seal-unavailable' });
    expect(await disk()).toEqual({ 'latchkey-ca.pem': expect.any(String) as string });
    unlock();
    await expect.poll(() => latchkey.audit('audit-key-made'), soon).toHaveLength(1);
    await expect.poll(async () => Object.keys(await disk()), soon).toContain('local-authority.sealed');
    await storePasswords(latchkey, world).catch(() => undefined);
    const handle = await handleFor('sales');
    await stop();
    await start(true);
    await latchkey.until(({ signIn: { kind } }) => kind === 'signed-in');
    expect((await latchkey.state()).handles).toMatchObject([{ id: handle.id }]);
  });

  it('one that locks after it has been chosen ends no start either', async () => {
    await start(true);
    await latchkey.signIn(ada);
    await stop();
    const before = await disk();
    await start(false, ({ late: _late, ...seal }) => seal);
    await expect
      .poll(async () => (await latchkey.state()).signIn, soon)
      .toMatchObject({ kind: 'signed-out', problem: { code: 'seal-unavailable' } });
    expect((await latchkey.state()).audit.kind).toBe('writing');
    expect(await disk()).toEqual(before);
  });
});
