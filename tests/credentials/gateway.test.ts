import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import {
  connect,
  createLatchkey,
  refusalOf,
  soon,
  startWorld,
  storeFirst,
  type Latchkey,
  type TestConfiguration,
} from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startVault, type VaultStandIn } from './vault-stand-in.ts';

/** Connections beside `sales`, one for each source of the password. */
async function addConnections(
  configuration: TestConfiguration,
  sources: Record<string, object>,
): Promise<void> {
  const [sales] = configuration.connections;
  const rule = sales?.rules[1];
  if (sales === undefined || rule === undefined) throw new Error('no rule for analysts');
  for (const [name, password] of Object.entries(sources)) {
    const rules = [{ ...rule, password: password as typeof rule.password }];
    configuration.connections.push({ ...sales, name, port: await freePort(), rules });
  }
}

describeWith([parts.postgres], 'a database session with a credential from elsewhere', () => {
  let vault: VaultStandIn;
  let latchkey: Latchkey;
  /** Set for a test: the database gets another password than the vault gives out. */
  let wrongPassword: string | undefined;

  const world = useAll(startWorld);
  beforeAll(async () => {
    const { query } = world.postgres;
    vault = await startVault({
      database: {
        create: (user, password) =>
          query(`create role "${user}" login password '${wrongPassword ?? password}' in role sales_readonly`),
        drop: (user) => query(`drop role "${user}"`),
      },
    });
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-command-'));
    const script = join(folder, 'get-password.mjs');
    const answer = { Version: 1, Username: 'sales_readonly', Password: world.passwords['sales-readonly'] };
    await writeFile(script, `process.stdout.write(${JSON.stringify(JSON.stringify(answer))});`);
    const appRole = { roleId: vault.roleId, secretId: { stored: 'secret-id' } };
    latchkey = await createLatchkey(world, {
      configure: (configuration) =>
        addConnections(configuration, {
          leased: { vault: { address: vault.address, path: 'database/creds/readonly', auth: { appRole } } },
          printed: { command: [process.execPath, script] },
          broken: { command: [process.execPath, '-e', 'console.error("stderr-canary"); process.exit(3)'] },
        }),
    });
    await signInAndStore();
  });
  afterAll(async () => {
    await latchkey?.close();
    await vault?.close();
  });

  async function signInAndStore(): Promise<void> {
    await storeFirst(latchkey, 'secret-id', vault.secretId);
    await latchkey.signIn('ada@fabrikam.example');
  }

  async function leasedRoles(): Promise<unknown[]> {
    const rows = await world.postgres.query(
      "select rolname from pg_roles where rolname like 'v-%' order by 1",
    );
    return rows.map(({ rolname }) => rolname);
  }

  it('works as the user that the vault has made, who is gone with the session', async () => {
    const token = await latchkey.token('leased');
    const [one] = await Promise.all([connect(token), connect(token)]);
    const { rows } = await one.query('select session_user::text as name');
    const roles = await leasedRoles();
    expect(roles).toHaveLength(2);
    expect(roles).toContain((rows as { name: string }[])[0]?.name);
    // What people see is the role of the rule.
    expect((await latchkey.state()).databaseSessions.map(({ role }) => role)).toEqual([
      'sales_readonly',
      'sales_readonly',
    ]);
    await one.end();
    await expect.poll(leasedRoles, soon).toHaveLength(1);
    await (await latchkey.client()).post('/v1/sessions/cut', { all: true });
    await expect.poll(leasedRoles, soon).toEqual([]);
  });

  it('is not opened where the database refuses the user, who is dropped at once', async () => {
    wrongPassword = 'another';
    try {
      const refusal = await refusalOf(connect(await latchkey.token('leased')));
      expect(refusal.message).toContain('refused the login');
      await expect.poll(leasedRoles, soon).toEqual([]);
    } finally {
      wrongPassword = undefined;
    }
    await expect
      .poll(async () => (await latchkey.audit('database-session-ended')).at(-1), soon)
      .toMatchObject({ code: 'upstream-login-failed' });
  });

  it('is refused with the reason while the vault is sealed', async () => {
    vault.sealed = true;
    const refusal = await refusalOf(connect(await latchkey.token('leased')));
    vault.sealed = false;
    expect(refusal).toMatchObject({
      sqlState: '28000',
      message: expect.stringMatching(
        /^The credential for role "sales_readonly" of "leased" cannot be had: the vault at 127\.0\.0\.1:\d+ is sealed\.$/,
      ) as string,
      hint: expect.stringContaining('unseal') as string,
    });
    expect((await latchkey.audit('login-refused')).at(-1)).toMatchObject({ code: 'credential-failed' });
  });

  it('has what a program prints', async () => {
    const client = await connect(await latchkey.token('printed'));
    expect((await client.query('select session_user::text as name')).rows).toEqual([
      { name: 'sales_readonly' },
    ]);
    await client.end();
    const refusal = await refusalOf(connect(await latchkey.token('broken')));
    expect(refusal.message).toMatch(/the command node\S* ended with 3\.$/);
    expect(refusal.hint).toContain('by hand');
  });

  it('leaves no secret in log, audit, home, state, arguments or environment', async () => {
    const client = await connect(await latchkey.token('leased'));
    const { pid = 0 } = latchkey.serve.process();
    const state = JSON.stringify(await latchkey.state());
    const inHome = (secret: string): string => {
      try {
        return execFileSync('grep', ['-rlF', '-e', secret, latchkey.home], { encoding: 'utf8' });
      } catch {
        return '';
      }
    };
    // A canary of the search itself: the home is looked through, and records are found.
    expect(inHome('login-allowed')).not.toBe('');
    const ofProcess = ['cmdline', 'environ']
      .map((file) => `/proc/${pid}/${file}`)
      .filter((file) => existsSync(file))
      .map((file) => readFileSync(file, 'utf8'));
    const said = [latchkey.serve.log(), state, ...ofProcess].join('\n');
    const secrets = [...vault.secrets, world.passwords['sales-readonly'], 'stderr-canary'];
    expect(secrets.length).toBeGreaterThan(5);
    expect(secrets.filter((secret) => said.includes(secret))).toEqual([]);
    expect(secrets.filter((secret) => inHome(secret) !== '')).toEqual([]);
    await client.end();
  });

  describe('when Latchkey ends', () => {
    it('by itself: users and token of the vault are gone before it', async () => {
      await connect(await latchkey.token('leased'));
      expect(vault.users()).not.toEqual([]);
      expect(await latchkey.serve.stop('SIGTERM')).toBe(0);
      expect(vault.users()).toEqual([]);
      expect(vault.tokens()).toEqual([]);
      await expect.poll(leasedRoles, soon).toEqual([]);
    });

    it('by a crash: they end by themselves', async () => {
      await latchkey.serve.start();
      await signInAndStore();
      vault.terms.leaseSeconds = 5;
      await connect(await latchkey.token('leased'));
      await latchkey.serve.stop('SIGKILL');
      expect(await leasedRoles()).toHaveLength(1);
      await expect.poll(() => vault.users(), soon).toEqual([]);
      await expect.poll(leasedRoles, soon).toEqual([]);
    });
  });
});
