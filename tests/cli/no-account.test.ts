import { once } from 'node:events';
import { chmod, chown, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createCommandLine, firstLine } from '../../main/demo/command-line.ts';
import { startLocalTenant } from '../../main/demo/tenant/local-tenant.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { root, setpriv } from '../store/temporary-folder.ts';
import { buildCommand } from '../support/builds.ts';
import { freePort } from '../support/free-port.ts';
import { describeWith } from '../support/parts.ts';
import { configuredTenant } from '../support/tenant-provider.ts';
import { useAll } from '../support/use-all.ts';

/** As in a container that runs as any number (`docker run --user 61003`), with no variable for a home. */
const uid = 61_003;

describeWith([root, setpriv], 'a user whom the computer does not know, without a home folder', () => {
  const tenant = useAll(() => startLocalTenant());
  const place = useAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lk-no-account-'));
    return { folder, close: () => rm(folder, { recursive: true }) };
  });

  it('is served where the places are named', async () => {
    const { folder } = place;
    const config = join(folder, 'latchkey.yaml');
    const node = join(folder, 'node');
    await copyFile(process.execPath, node);
    await copyFile(tenant.caFile, join(folder, 'ca.pem'));
    const connection = async (name: string, protocol: string) => ({
      name,
      protocol,
      port: await freePort(),
      upstream: { host: '127.0.0.1', port: await freePort(), database: name, tls: { mode: 'off' } },
      rules: [{ group: fabrikam.groups.dataAnalysts, role: 'reader' }],
    });
    const configuration = {
      providers: [{ ...configuredTenant(tenant), caFile: 'ca.pem' }],
      connections: [await connection('sales', 'postgresql'), await connection('shop', 'mysql')],
    };
    await writeFile(config, JSON.stringify(configuration));
    for (const [path, mode] of [
      [folder, 0o755],
      [node, 0o755],
      [config, 0o644],
      [join(folder, 'ca.pem'), 0o644],
    ] as const) {
      await chmod(path, mode);
      await chown(path, uid, uid);
    }

    const owner = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'];
    const bare = ['env', '-u', 'HOME', '-u', 'XDG_DATA_HOME', '-u', 'XDG_CONFIG_HOME'];
    const program = [setpriv.path ?? '', ...owner, ...bare, node, await buildCommand()];
    const { start, run } = createCommandLine(join(folder, 'home'), config, program);
    const broker = start(['serve', '--json']);
    const ended = once(broker, 'close');
    try {
      expect(JSON.parse(await firstLine(broker))).toMatchObject({ connections: [{}, {}] });
      const login = start(['login', '--json']);
      const { userCode } = JSON.parse(await firstLine(login)) as { userCode: string };
      tenant.complete({ userCode, user: fabrikam.users.ada });
      expect(await once(login, 'close')).toEqual([0, null]);
      for (const args of [
        ['token', 'sales'],
        ['exec', 'sales', '--', 'true'],
        ['exec', 'shop', '--', 'true'],
        ['connect', 'sales', '--for', 'psql'],
        ['doctor'],
        ['support-bundle'],
      ])
        expect((await run(args)).err, args.join(' ')).not.toContain('home folder');
      expect((await run(['exec', 'shop', '--', 'true'])).code).toBe(0);
    } finally {
      broker.kill();
      await ended;
    }
    const nowhere = createCommandLine('', '', program);
    expect(await nowhere.run(['status'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('--home and --config') as string,
    });
  });
});
