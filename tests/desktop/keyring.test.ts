import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectSessionBus } from '../../main/dbus/bus.ts';
import { watchKeyring, type Keyring } from '../../main/desktop/keyring.ts';
import { keyringDaemon, startKeyringService } from '../dbus/keyring-service.ts';
import { dbusParts, startBus } from '../dbus/session.ts';
import { describeWith } from '../support/parts.ts';

describeWith([dbusParts.daemon, keyringDaemon], 'the keyring of the Secret Service', () => {
  let bus: Awaited<ReturnType<typeof startBus>>;
  let folder: string;
  let service: Awaited<ReturnType<typeof startKeyringService>> | undefined;
  let keyring: Keyring | undefined;
  beforeEach(async () => {
    bus = await startBus();
    folder = await mkdtemp(join(tmpdir(), 'latchkey-keyring-'));
    bus.env = { ...bus.env, HOME: folder, XDG_RUNTIME_DIR: folder, XDG_DATA_HOME: join(folder, 'data') };
  });
  afterEach(async () => {
    keyring?.close();
    keyring = undefined;
    await end();
    await bus.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function end(): Promise<void> {
    const ending = service;
    service = undefined;
    await ending?.close();
  }

  async function start(isOpen: boolean): Promise<void> {
    await end();
    service = await startKeyringService(bus.env, isOpen);
  }

  const watch = async () => (keyring = await watchKeyring(() => connectSessionBus(bus.env)));

  const state = async () => {
    const { state: found } = (await watch()) ?? {};
    keyring?.close();
    return found;
  };

  test('is told apart: not there, open, locked', async () => {
    expect(await watch()).toBeUndefined();
    await start(true);
    expect(await state()).toBe('open');
    await start(false);
    expect(await state()).toBe('locked');
  });

  test('one that is locked is known to be open soon after it is, even in another process', async () => {
    await start(true);
    await start(false);
    let isOpen = false;
    const watched = await watch();
    void watched?.opened.then(() => (isOpen = true));
    watched?.ask();
    await sleep(1500);
    expect(isOpen).toBe(false);
    await start(true);
    await expect.poll(() => isOpen).toBe(true);
  });

  test('where there is no bus, there is none', async () => {
    bus.env = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' };
    await expect(watch()).rejects.toMatchObject({ name: 'closed' });
  });

  test('a service that does not answer holds nobody up', async () => {
    await start(true);
    service?.kill('SIGSTOP');
    expect(await state()).toBe('silent');
    service?.kill('SIGCONT');
  });
});
