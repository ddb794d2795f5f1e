import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { clients as connectors, runJavaWith } from '../connect/run-client.ts';
import { freePort } from '../support/free-port.ts';
import {
  createLatchkey,
  startWorld,
  storeFirst,
  type Latchkey,
  type World,
  writeKeyFile,
} from '../support/latchkey.ts';
import { describeWith, parts, program } from '../support/parts.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';

const ada = 'ada@fabrikam.example';

const clients = ['pg_basebackup', 'pg_receivewal', 'pg_recvlogical'].map((name) =>
  program(name, 'install the package postgresql-client'),
);

describeWith([parts.postgres, parts.psql, ...clients], 'replication, where a rule gives it', () => {
  let world: World;
  let latchkey: Latchkey;
  let server: PostgresServer;
  let folder: string;
  const password = randomBytes(18).toString('base64url');

  beforeAll(async () => {
    [world, server, folder] = await Promise.all([
      startWorld(),
      startPostgres({
        settings: { wal_level: 'logical' },
        hba: ['host replication all all scram-sha-256'],
      }),
      mkdtemp(join(tmpdir(), 'lk-replication-')),
    ]);
    await server.query(`create role copier login replication password '${password}'`);
    await server.query(`create role plain login password '${password}'`);
    await server.query('create database books');
    await server.query(`grant create on database books to copier`);
    const keyFile = await writeKeyFile(folder);
    const { dataAnalysts: group } = fabrikam.groups;
    latchkey = await createLatchkey(world, {
      args: ['--key-file', keyFile],
      async configure(configuration) {
        for (const [name, replication, role = 'copier'] of [
          ['none', undefined],
          ['whole', 'physical'],
          ['changes', 'logical'],
          ['both', ['physical', 'logical']],
          ['unable', ['physical', 'logical'], 'plain'],
        ] as const) {
          const rule = { group, role, password: { stored: 'copier' } };
          (configuration.connections as unknown[]).push({
            name,
            protocol: 'postgresql',
            port: await freePort(),
            askForPrograms: 'never',
            upstream: { host: '127.0.0.1', port: server.port, database: 'books', tls: { mode: 'off' } },
            // The first rule that gives what is asked for counts, as it does for databases.
            rules: replication === undefined ? [rule] : [rule, { ...rule, replication }],
          });
        }
      },
    });
    await storeFirst(latchkey, 'copier', password);
    await latchkey.signIn(ada);
  });
  afterAll(async () => {
    await latchkey?.close();
    await Promise.all([server?.close(), world?.close()]);
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs one of the server's programs through a connection; with `until` it is ended when that is true. */
  async function run(
    connection: string,
    [client = '', ...args]: string[],
    until?: () => boolean | Promise<boolean>,
  ): Promise<{ code: number | null; out: string; err: string }> {
    const { host, port, token } = await latchkey.token(connection);
    const child = spawn(client, args, {
      env: { PATH: process.env['PATH'], PGHOST: host, PGPORT: String(port), PGUSER: ada, PGPASSWORD: token },
    });
    const closed = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
    const [out, err] = [text(child.stdout), text(child.stderr)];
    if (until !== undefined) {
      await expect
        .poll(async () => child.exitCode !== null || (await until()), { timeout: 20_000, interval: 500 })
        .toBe(true);
      child.kill('SIGINT');
    }
    return { code: await closed, out: await out, err: await err };
  }
  const identify = (connection: string, replication: string) =>
    run(connection, ['psql', '-XAt', `dbname=books replication=${replication}`, '-c', 'IDENTIFY_SYSTEM']);

  it('is refused without the right, with a sentence that says so, and on record', async () => {
    for (const [connection, kind, replication] of [
      ['none', 'physical', 'true'],
      ['none', 'logical', 'database'],
      ['whole', 'logical', 'database'],
      ['changes', 'physical', 'on'],
    ] as const) {
      const { code, err } = await identify(connection, replication);
      expect(code).toBe(2);
      expect(err).toContain(`Replication connections (${kind}) are not passed on`);
      expect((await latchkey.audit('login-refused')).at(-1)).toMatchObject({
        code: 'replication-not-allowed',
        replication: kind,
      });
    }
    const backup = await run('none', ['pg_basebackup', '-D', join(folder, 'refused'), '-X', 'none']);
    expect(backup.err).toContain('Replication connections (physical) are not passed on');
  });

  it('what is neither gets the server’s own error; off is a usual connection', async () => {
    expect((await identify('both', 'maybe')).err).toContain(
      'invalid value for parameter "replication": "maybe"',
    );
    const usual = await run('none', ['psql', '-XAt', 'dbname=books replication=off', '-c', 'select 1']);
    expect(usual).toEqual({ code: 0, out: '1\n', err: '' });
  });

  it.each(['true', 'database'])(
    'a role that may not (%s) gets the server’s own sentence',
    async (replication) => {
      expect((await identify('unable', replication)).err).toMatch(
        /FATAL: +(permission denied to start WAL sender|must be superuser or replication role to start walsender)/,
      );
    },
  );

  it.each([
    ['whole', 'true'],
    ['changes', 'database'],
    ['both', 'yes'],
    ['both', 'database'],
  ])('IDENTIFY_SYSTEM: %s, replication=%s', async (connection, replication) => {
    const { out, err } = await identify(connection, replication);
    expect(err).toBe('');
    expect(out.trim().split('|')[3]).toBe(replication === 'database' ? 'books' : '');
    expect((await latchkey.audit('login-allowed')).at(-1)).toMatchObject({
      replication: replication === 'database' ? 'logical' : 'physical',
    });
  });

  // It copies some 30 MB and waits for a checkpoint, beside whatever else writes to the disk.
  it('pg_basebackup copies the server, with its log beside it', { timeout: 180_000 }, async () => {
    const copy = join(folder, 'copy');
    expect(
      await run('whole', ['pg_basebackup', '-D', copy, '-X', 'stream', '-c', 'fast', '--no-sync']),
    ).toMatchObject({
      code: 0,
    });
    expect(existsSync(join(copy, 'backup_manifest'))).toBe(true);
    expect(await readFile(join(copy, 'PG_VERSION'), 'utf8')).toMatch(/^\d+\n$/);
  });

  /** What the server calls the replication connections that are open: what "synchronous_standby_names" names. */
  const standbys = async (): Promise<unknown[]> =>
    (await server.query('select application_name as name from pg_stat_replication')).map(({ name }) => name);

  it('pg_receivewal follows the log under its own name, and Ctrl-C ends it', async () => {
    const log = join(folder, 'log');
    await mkdir(log);
    let seen: unknown[] = [];
    const { code } = await run('whole', ['pg_receivewal', '-D', log, '--no-sync'], async () => {
      if ((await readdir(log)).some((name) => /^[0-9A-F]{24}$/.test(name))) return true;
      seen = await standbys();
      // A switch before it has begun is none for it, and each costs 16 MB.
      if (seen.length > 0)
        await server.query("select pg_logical_emit_message(false, 'lk', 'x'); select pg_switch_wal()");
      return false;
    });
    expect(code).toBe(0);
    expect(seen).toEqual(['pg_receivewal']);
  });

  it('pg_recvlogical gets the changes of its database', async () => {
    const slot = ['pg_recvlogical', '-d', 'books', '-S', 'lk'];
    expect(await run('changes', [...slot, '--create-slot', '-P', 'test_decoding'])).toMatchObject({
      code: 0,
    });
    await run('changes', ['psql', '-X', 'books', '-c', 'create schema c create table t(a int)']);
    await run('changes', ['psql', '-X', 'books', '-c', 'insert into c.t values (4711)']);
    const file = join(folder, 'changes');
    await run('changes', [...slot, '--start', '-f', file, '-F', '1'], async () =>
      (await readFile(file, 'utf8').catch(() => '')).includes('4711'),
    );
    expect(await readFile(file, 'utf8')).toContain('table c.t: INSERT: a[integer]:4711');
    expect(await run('changes', [...slot, '--drop-slot'])).toMatchObject({ code: 0 });
  });

  describeWith([connectors.java, connectors.pgJdbc], 'as Debezium has it', () => {
    it('pgJDBC reads a change as pgoutput writes it', async () => {
      const { host, port, token } = await latchkey.token('changes');
      const said = await runJavaWith(
        folder,
        connectors.pgJdbc,
        [`jdbc:postgresql://${host}:${port}/books`, ada, token],
        {
          imports: 'import org.postgresql.*; import org.postgresql.replication.*;',
          body: `login.setProperty("replication", "database");
    login.setProperty("preferQueryMode", "simple");
    login.setProperty("assumeMinServerVersion", "9.4");
    try (Connection c = DriverManager.getConnection(url, login)) {
      for (String sql : "create schema d; create table d.t(a text); create publication lk for table d.t".split("; "))
        c.createStatement().execute(sql);
      PGReplicationConnection replication = c.unwrap(PGConnection.class).getReplicationAPI();
      replication.createReplicationSlot().logical().withSlotName("debezium").withOutputPlugin("pgoutput").make();
      c.createStatement().execute("insert into d.t values ('change-4711')");
      try (PGReplicationStream stream = replication.replicationStream().logical().withSlotName("debezium")
          .withSlotOption("proto_version", 1).withSlotOption("publication_names", "lk").start()) {
        for (String seen = ""; !seen.contains("change-4711"); ) {
          java.nio.ByteBuffer change = stream.read();
          seen = new String(change.array(), change.arrayOffset(), change.remaining(), "UTF-8");
          out.print(seen.charAt(0));
        }
      }
      replication.dropReplicationSlot("debezium");
    }`,
        },
      );
      // Begin, relation, insert: "Logical Replication Message Formats".
      expect(said).toBe('BRI');
    });
  });
});
