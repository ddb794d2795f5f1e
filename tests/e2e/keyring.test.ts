import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { startLocalTenant, type LocalTenant } from '../../main/demo/tenant/local-tenant.ts';
import { keyringDaemon, startKeyringService } from '../dbus/keyring-service.ts';
import { startBus } from '../dbus/session.ts';
import { buildProduct } from '../support/builds.ts';
import { describeWith } from '../support/parts.ts';
import { configuredTenant } from '../support/tenant-provider.ts';
import { startDesktop, takeDisplay, type Desktop } from './desktop.ts';
import { desktopParts } from './parts.ts';

const { electron, display, sessionBus } = desktopParts;
const ada = 'ada@fabrikam.example';

describeWith([electron, display, sessionBus, keyringDaemon], 'a real keyring that is locked', () => {
  vi.setConfig({ testTimeout: 120_000 });
  let root: string;
  let tenant: LocalTenant;
  let bus: Awaited<ReturnType<typeof startBus>>;
  let folder: string;
  let home: string;
  let keyring: Awaited<ReturnType<typeof startKeyringService>> | undefined;
  let desktop: Desktop | undefined;
  let leaveDisplay: () => Promise<void>;
  beforeAll(async () => {
    root = await buildProduct();
    tenant = await startLocalTenant();
    tenant.configure({ intervalSeconds: 1 });
  });
  afterAll(() => tenant?.close());
  beforeEach(async () => {
    leaveDisplay = await takeDisplay();
    folder = await mkdtemp(join(tmpdir(), 'latchkey-keyring-'));
    home = join(folder, 'home');
    bus = await startBus();
    // No dialog can come, as this bus starts no program for it.
    bus.env = { ...bus.env, HOME: folder, XDG_RUNTIME_DIR: folder, XDG_DATA_HOME: join(folder, 'data') };
    await writeFile(
      join(folder, 'latchkey.yaml'),
      JSON.stringify({
        providers: [configuredTenant(tenant)],
      }),
    );
  }, 300_000);
  afterEach(async () => {
    await desktop?.close();
    desktop = undefined;
    await keyring?.close();
    await bus.close();
    await rm(folder, { recursive: true, force: true });
    await leaveDisplay();
  });

  async function startKeyring(isOpen: boolean): Promise<void> {
    await keyring?.close();
    keyring = await startKeyringService(bus.env, isOpen);
  }

  async function open(): Promise<Desktop> {
    desktop = await startDesktop(root, {
      home,
      args: ['--home', home, '--config', join(folder, 'latchkey.yaml')],
      env: { ...(bus.env as Record<string, string>), XDG_CURRENT_DESKTOP: 'sway' },
    });
    return desktop;
  }

  const sealed = async (): Promise<Record<string, string>> => {
    const at = join(home, 'sealed/keychain');
    const names = await readdir(at);
    return Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await readFile(join(at, name), 'hex')] as const)),
    );
  };

  test('is said, is waited for by nobody, and counts again once it is unlocked', async () => {
    await startKeyring(true);
    let page = await (await open()).window();
    await page.getByRole('button', { name: 'Sign in with a code' }).click();
    await page.getByRole('heading', { name: 'Enter this code in your browser' }).waitFor();
    tenant.complete({ userCode: tenant.deviceCodes().at(-1)?.userCode ?? '', user: ada });
    await page.getByText('Signed in until').waitFor({ timeout: 20_000 });
    await desktop?.app.close();
    const before = await sealed();

    await startKeyring(false);
    page = await (await open()).window();
    await page.getByText('The keyring of this computer is locked.').waitFor();
    await page.getByRole('button', { name: 'Unlock the keyring' }).click();
    expect(await sealed()).toEqual(before);

    await startKeyring(true);
    await page.getByText('Signed in until').waitFor({ timeout: 20_000 });
    await page.getByText('The keyring of this computer is locked.').waitFor({ state: 'detached' });
  });

  test('none at all is another thing, and is said as such', async () => {
    const page = await (await open()).window();
    await page.getByRole('navigation').getByRole('button', { name: 'Settings' }).click();
    await page.getByText('is running in this desktop session').waitFor();
  });
});
