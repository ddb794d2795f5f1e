import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readers } from '../connect/readers.ts';
import { runClient, type Ran } from '../connect/run-client.ts';
import { createLatchkey, startWorld, type Latchkey, type World } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';

/** From `latchkey connect` over what it wrote to a query behind a gateway: real broker, real database, real tools. */
describeWith([parts.postgres, parts.psql], 'what connect writes opens a gateway', () => {
  let world: World;
  let latchkey: Latchkey;
  let home: string;

  beforeAll(async () => {
    home = realpathSync(mkdtempSync(join(tmpdir(), 'lk-person-')));
    // Handles are made only where they outlive a restart.
    const key = join(home, 'key');
    writeFileSync(key, randomBytes(32).toString('base64'), { mode: 0o600 });
    world = await startWorld();
    latchkey = await createLatchkey(world, { args: ['--key-file', key] });
    latchkey.commandLine.env['HOME'] = home;
    await latchkey.signIn('bruno@fabrikam.example');
  });
  afterAll(async () => {
    await latchkey?.close();
    await world?.close();
    rmSync(home, { recursive: true, force: true });
  });

  const psql = (place: string, env: NodeJS.ProcessEnv = {}): Promise<Ran> =>
    runClient(parts.psql, ['-XAtwc', 'select current_user, current_database()', place], { home, env });
  const query = { code: 0, out: 'sales_owner|sales\n', err: '' };

  it('psql: with a handle in the password file, once the program is allowed, until it is revoked', async () => {
    const written = await latchkey.run('connect', 'sales', '--for', 'psql', '--write');
    expect(written).toMatchObject({ code: 0, err: '' });
    // What a person has set for other servers does not count here.
    const login = psql('service=sales', { PGSSLMODE: 'verify-full', PGPORT: '1' });
    await latchkey.until(({ prompts }) => prompts.some(({ kind }) => kind === 'client'), 60_000);
    await (await latchkey.client()).post('/v1/prompts/allow', { choice: 'always' });
    expect(await login).toEqual(query);
    expect(await psql('service=sales')).toEqual(query);
    const [handle] = (await latchkey.state()).handles;
    expect(handle).toMatchObject({ tool: 'psql', connection: 'sales' });
    expect((await latchkey.run('saved-password', 'revoke', handle?.id ?? '')).code).toBe(0);
    expect(await psql('service=sales')).toMatchObject({
      code: 2,
      err: expect.stringContaining('revoked') as string,
    });
  });

  it('pgAdmin: the command in the file prints a token that opens it', async () => {
    expect(await latchkey.run('connect', 'sales', '--for', 'pgadmin', '--write')).toMatchObject({
      code: 0,
      err: '',
    });
    const { Servers } = JSON.parse(readFileSync(join(home, 'Latchkey/sales-pgadmin.json'), 'utf8')) as {
      Servers: {
        1: {
          Host: string;
          Port: number;
          Username: string;
          MaintenanceDB: string;
          PasswordExecCommand: string;
        };
      };
    };
    const { Host, Port, Username, MaintenanceDB, PasswordExecCommand } = Servers[1];
    const printed = await runClient(readers.sh, ['-c', PasswordExecCommand], { home });
    expect(printed).toMatchObject({ code: 0, out: expect.stringMatching(/^lk_\w{46}\n$/) as string });
    const place = `host=${Host} port=${Port} user=${Username} dbname=${MaintenanceDB} sslmode=disable`;
    expect(await psql(place, { PGPASSWORD: printed.out.trim() })).toEqual(query);
  });

  it('psql: opened at once', async () => {
    const before = (await latchkey.state()).tokens;
    const opened = await latchkey.commandLine.run(
      ['connect', 'sales', '--for', 'psql', '--open'],
      'select current_user;\n',
    );
    expect(opened).toMatchObject({ code: 0, out: expect.stringContaining('sales_owner') as string });
    // Its token has ended with it.
    expect((await latchkey.state()).tokens).toEqual(before);
  });
});
