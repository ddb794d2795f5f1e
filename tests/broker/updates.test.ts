import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { updateWishes } from '../../main/broker/updates.ts';
import { loadedFrom } from '../../main/config/load.ts';
import { createLog } from '../../main/log/log.ts';
import { startRuntime, type Runtime } from '../../main/runtime.ts';
import { createMemorySeal } from '../../main/store/seal.ts';
import { createInstaller } from '../../main/updates/installer.ts';
import { openUpdates } from '../../main/updates/updates.ts';
import { signer } from '../organisation/bundles.ts';
import { buildWorker } from '../support/builds.ts';
import {
  connect,
  createLatchkey,
  soon,
  startWorld,
  storePasswords,
  type Latchkey,
} from '../support/latchkey.ts';
import { noOrganisation, organisationOf } from '../support/layers.ts';
import { describeWith, parts } from '../support/parts.ts';
import { runHere } from '../support/run-cli.ts';
import { useAll } from '../support/use-all.ts';
import { publish, startReleaseServer } from '../updates/release-server.ts';

const releases = signer();

it('what counts for updates comes with whoever has set it', () => {
  const organisation = {
    text: 'locked: [updates.channel]\nupdates: {channel: stable, version: 1.4.2, server: https://software.fabrikam.example/latchkey}',
    origin: '/etc/latchkey/organisation.yaml',
  };
  const person = 'providers: []\nupdates: {channel: beta, enabled: false}';
  expect(updateWishes(loadedFrom({ person, organisation }, 'x'))).toEqual({
    enabled: { value: false, origin: 'person' },
    channel: { value: 'stable', origin: 'organisation', locked: true },
    version: { value: '1.4.2', origin: 'organisation' },
    server: { value: 'https://software.fabrikam.example/latchkey', origin: 'organisation' },
  });
});

it.each([
  ['http://software.fabrikam.example/', /must be an https address/],
  ['https://ada:secret@software.fabrikam.example/', /must hold no password/],
  ['https://software.fabrikam.example/?a=b', /address of a folder/],
])('a server of one’s own is not %s', (server, message) => {
  const load = () => loadedFrom({ person: `providers: []\nupdates: {server: '${server}'}` }, 'x');
  expect(load).toThrow(
    expect.objectContaining({ code: 'config-invalid', message: expect.stringMatching(message) }),
  );
});

describeWith([parts.postgres], 'updates of a Latchkey that runs', () => {
  const world = useAll(startWorld);
  const server = useAll(startReleaseServer);
  let latchkey: Latchkey;
  let runtime: Runtime | undefined;
  let file: string;
  const restarts: string[] = [];
  beforeEach(async () => {
    server.asked.length = 0;
    restarts.length = 0;
    latchkey = await createLatchkey(world, {
      started: false,
      configure: (configuration) => {
        for (const connection of configuration.connections)
          Object.assign(connection, { askForPrograms: 'never' });
        Object.assign(configuration, { updates: { server: server.address } });
      },
    });
    file = join(latchkey.config, '../Latchkey.AppImage');
    await writeFile(file, 'the program of 0.1.0', { mode: 0o755 });
    await writeFile(`${file}.yml`, 'updaterCacheDirName: latchkey-updater\n');
  });
  afterEach(async () => {
    await runtime?.close();
    runtime = undefined;
    await latchkey?.close();
  });

  /** @param organisation its settings @param isDesktop whether somebody looks after updates */
  async function start({ organisation = noOrganisation, isDesktop = true } = {}): Promise<void> {
    runtime = await startRuntime({
      configFile: latchkey.config,
      organisation,
      homePath: latchkey.home,
      headless: true,
      workerUrl: await buildWorker(),
      openSeal: async () => createMemorySeal('of the test'),
      openBrowser: async () => undefined,
      log: createLog(),
      ...(isDesktop ? { openUpdates: ofAppImage } : {}),
    });
  }

  const ofAppImage: NonNullable<Parameters<typeof startRuntime>[0]['openUpdates']> = (services) =>
    openUpdates({
      ...services,
      application: {
        version: '0.1.0',
        isPackaged: true,
        releaseKeys: [releases.fingerprint],
        publicServer: 'https://nobody.invalid/',
        installation: { kind: 'app-image', file },
      },
      createInstaller: (installation) =>
        createInstaller({
          version: '0.1.0',
          installation,
          folder: join(services.home, 'desktop/updates'),
          updateConfigFile: `${file}.yml`,
          fetch: services.fetch,
          quit: () => undefined,
          restart: (started) => void restarts.push(started),
          log: services.log,
        }),
      nextLook: () => 2 ** 30,
    });

  /** The command line, with what it prints for programs. */
  async function update(...args: string[]) {
    const places = ['--home', latchkey.home, '--config', latchkey.config];
    const { code, out } = await runHere([...places, '--json', 'update', ...args], {
      organisation: noOrganisation,
    });
    return { code, printed: JSON.parse(out) as Record<string, unknown> };
  }
  const problem = (code: string, exit = 1) => ({ code: exit, printed: { problem: { code } } });

  it('wait for open database sessions, unless the person says that they may end', async () => {
    publish(server, releases.key);
    await start();
    await storePasswords(latchkey, world);
    await latchkey.signIn('ada@fabrikam.example');
    const client = await connect(await latchkey.token('sales'));
    await client.query('select 1');
    expect(await update('check')).toMatchObject({
      code: 0,
      printed: { updates: { now: { kind: 'ready', version: '0.2.0' }, server: { origin: 'person' } } },
    });
    expect(await update('install')).toMatchObject(problem('sessions-open'));
    expect(restarts).toEqual([]);
    expect((await client.query('select 2 as two')).rows).toEqual([{ two: 2 }]);
    expect(await update('install', '--end-sessions')).toMatchObject({
      code: 0,
      printed: { restarting: true, version: '0.2.0' },
    });
    expect(restarts).toEqual([file]);
    expect(await readFile(file, 'utf8')).toBe('the program of 0.2.0');
    expect(await latchkey.audit('update-installed')).toMatchObject([
      { from: '0.1.0', to: '0.2.0', ended: 1, actor: { username: 'ada@fabrikam.example' } },
    ]);
    await client.end();
  });

  it('take another channel, which is written into the file and counts at once', async () => {
    publish(server, releases.key, { version: '0.3.0-beta.1', name: 'beta-linux.yml', serial: 9 });
    await writeFile(latchkey.config, `# mine\n${await readFile(latchkey.config, 'utf8')}`);
    await start();
    expect(await update('channel', 'nightly')).toMatchObject(problem('request-invalid', 2));
    expect(await update('channel', 'beta')).toMatchObject({ code: 0, printed: { channel: 'beta' } });
    expect(await readFile(latchkey.config, 'utf8')).toMatch(/^# mine\n[\s\S]*channel: beta/);
    expect(await update('check')).toMatchObject({
      printed: {
        updates: {
          channel: { value: 'beta', origin: 'person', locked: false },
          now: { kind: 'ready', version: '0.3.0-beta.1' },
        },
      },
    });
    expect(await latchkey.audit('update-channel-changed')).toMatchObject([{ channel: 'beta' }]);
  });

  it('take none where the organisation has locked it, and ask nobody where it has turned them off', async () => {
    const text = 'locked: [updates]\nupdates: {channel: stable, enabled: false}';
    await start({ organisation: organisationOf(text) });
    const before = await readFile(latchkey.config, 'utf8');
    expect(await update('channel', 'beta')).toMatchObject(problem('organisation-locked', 4));
    expect(await readFile(latchkey.config, 'utf8')).toBe(before);
    expect(await update('check')).toMatchObject(problem('updates-off'));
    expect(await update('status')).toMatchObject({
      code: 0,
      printed: { updates: { now: { kind: 'off', reason: 'configuration', origin: 'organisation' } } },
    });
    // The person's own server does not count either.
    expect((await update('status')).printed['updates']).not.toHaveProperty('server');
    expect(server.asked).toEqual([]);
  });

  it('follow the file while it runs', async () => {
    publish(server, releases.key);
    await start();
    await update('check');
    await writeFile(
      latchkey.config,
      (await readFile(latchkey.config, 'utf8')).replace('updates:\n', 'updates:\n  enabled: false\n'),
    );
    await (await latchkey.client()).call('reloadConfiguration', {});
    expect(await update('install')).toMatchObject(problem('updates-off'));
    expect(await update('status')).toMatchObject({
      printed: { updates: { now: { kind: 'off', reason: 'configuration', origin: 'person' } } },
    });
  });

  describe('without a screen', () => {
    it('are for what has installed it, and it says so', async () => {
      publish(server, releases.key);
      await start({ isDesktop: false });
      expect(await update('status')).toMatchObject({
        code: 0,
        printed: { updates: { now: { kind: 'off', reason: 'no-screen' } } },
      });
      for (const command of ['check', 'install'])
        expect(await update(command)).toMatchObject(problem('updates-off'));
      const { out } = await runHere(['--home', latchkey.home, 'update', 'status'], {
        organisation: noOrganisation,
      });
      expect(out).toMatch(
        /without a screen does not update itself\.\n {2}Install the newer version with what/,
      );
      await expect.poll(() => server.asked, soon).toEqual([]);
    });
  });
});
