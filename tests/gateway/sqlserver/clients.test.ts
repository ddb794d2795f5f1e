import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Request, TYPES } from 'tedious';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestAuthority, createTestAuthority } from '../../support/certificates.ts';
import { describeWith } from '../../support/parts.ts';
import { type TdsServer, startTdsServer } from '../../support/tds-server.ts';
import { numberHash } from '../../support/tds-server-sql.ts';
import { type TestGateway, startTestGateway } from '../fixture.ts';
import { type TediousTarget, bsqldb, clientParts, isql, pymssql, tedious, tsql } from './drivers.ts';

const password = "S3cret'for the database";
const reporting = { user: 'reporting', database: 'sales', password };

/**
 * Every client is tried against the stand-in first: what fails there says nothing of the gateway. Then the same goes
 * through gateways of all kinds of encryption.
 */
let folder: string;
let caFile: string;
let authority: TestAuthority;
let plainServer: TdsServer;
let tlsServer: TdsServer;
let plainGateway: TestGateway;
let tlsGateway: TestGateway;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-tds-'));
  caFile = join(folder, 'ca.pem');
  authority = await createTestAuthority();
  writeFileSync(caFile, authority.caPem);
  const { certPem, keyPem } = await authority.issue({ dns: ['localhost'], ip: ['127.0.0.1'] });
  const logins = { reporting: password };
  plainServer = await startTdsServer({ logins });
  tlsServer = await startTdsServer({ logins, tls: { cert: certPem, key: keyPem } });
  plainGateway = await startTestGateway({
    upstream: { port: plainServer.port },
    login: reporting,
    listener: { protocol: 'sqlserver' },
  });
  tlsGateway = await startTestGateway({
    upstream: { port: tlsServer.port, host: 'localhost', tls: { mode: 'verify', ca: authority.caPem } },
    login: reporting,
    listener: { protocol: 'sqlserver', clientTls: { certificate: certPem, key: keyPem } },
  });
});
afterAll(async () => {
  await plainGateway.close();
  await tlsGateway.close();
  expect([plainGateway.log, tlsGateway.log]).toEqual([[], []]);
  expect([plainServer.brokenRecords(), tlsServer.brokenRecords()]).toEqual([0, 0]);
  await plainServer.close();
  await tlsServer.close();
  rmSync(folder, { recursive: true, force: true });
});

const direct = (server: TdsServer): TediousTarget => ({ port: server.port, ...reporting });
const through = (gateway: TestGateway): TediousTarget => ({
  port: gateway.port,
  user: gateway.user,
  password: gateway.token,
  database: gateway.database,
});
const encrypted = (): Partial<TediousTarget> => ({ encrypt: true, ca: authority.caPem, caFile });

const ways: [string, () => TediousTarget][] = [
  ['the stand-in', () => direct(plainServer)],
  ['the stand-in, encrypted', () => ({ ...direct(tlsServer), ...encrypted() })],
  ['a gateway', () => through(plainGateway)],
  ['a gateway with encryption on both sides', () => ({ ...through(tlsGateway), ...encrypted() })],
];
const onlyFar: [string, () => TediousTarget] = [
  'a gateway with encryption to the upstream only',
  () => through(tlsGateway),
];
const strict: [string, () => TediousTarget] = [
  'a gateway with TLS first (TDS 8.0)',
  () => ({
    ...through(tlsGateway),
    encrypt: 'strict',
    ca: authority.caPem,
    options: { tdsVersion: '8_0' },
  }),
];

describe.each([...ways, onlyFar, strict])('tedious and %s', (_, target) => {
  test('values, parameters, prepared statements, transactions and errors', async () => {
    const client = await tedious(target());
    expect(await client.batch('select 42')).toEqual([42]);
    expect(await client.batch("select 'Grüße'\nselect db_name()\nselect suser_sname()")).toEqual([
      'Grüße',
      'sales',
      'reporting',
    ]);
    expect(await client.execute('select @a', [['a', TYPES.NVarChar, 'héllo']])).toEqual(['héllo']);
    const long = 'x'.repeat(60_000);
    expect(await client.execute('select len(@a)', [['a', TYPES.NVarChar, long]])).toEqual([60_000]);
    expect(await client.prepared('select @p', TYPES.Int, [7, 8, 9])).toEqual([7, 8, 9]);
    for (const step of ['commit', 'rollback'] as const) {
      await client.transaction('begin');
      expect(await client.batch('select @@trancount')).toEqual([1]);
      await client.transaction(step);
      expect(await client.batch('select @@trancount')).toEqual([0]);
    }
    await expect(client.batch("raiserror('no such thing', 16, 1)")).rejects.toMatchObject({
      message: 'no such thing',
      number: 50_001,
    });
    await new Promise<void>((resolve, reject) => {
      client.connection.reset((error) => (error ? reject(error) : resolve()));
    });
    expect(await client.batch('select 1')).toEqual([1]);
    await client.close();
  });

  test('a statement is cancelled, and the session lives on', async () => {
    const client = await tedious(target());
    const waiting = client.batch("waitfor delay '00:10:00'");
    setTimeout(() => client.connection.cancel(), 100);
    await expect(waiting).rejects.toMatchObject({ code: 'ECANCEL' });
    expect(await client.batch('select 1')).toEqual([1]);
    await client.close();
  });

  test('30,000 rows come unchanged', async () => {
    const client = await tedious(target());
    const hash = createHash('sha256');
    await client.batch('select * from numbers(30000)', ([i, text]) => hash.update(`${i}:${text}\n`));
    const wanted = createHash('sha256');
    for (let i = 1; i <= 30_000; i += 1) wanted.update(`${i}:${numberHash(i)}\n`);
    expect(hash.digest('hex')).toBe(wanted.digest('hex'));
    await client.close();
  });
});

describeWith([clientParts.tsql, clientParts.bsqldb], 'FreeTDS', () => {
  describe.each(ways)('and %s', (_, target) => {
    test('tsql and bsqldb', async () => {
      const result = await tsql(target(), ['select 42', "select 'Grüße'", 'select suser_sname()']);
      expect(result.stdout.match(/^(42|Grüße|reporting)$/gm)).toEqual(['42', 'Grüße', 'reporting']);
      const rows = await bsqldb(target(), 'select * from numbers(3000)');
      const words = rows.stdout.split(/\s+/);
      expect(words.filter((word) => /^[0-9a-f]{32}$/.test(word))).toEqual(
        Array.from({ length: 3000 }, (_each, i) => numberHash(i + 1)),
      );
    });
  });

  test('with versions 7.1 to 7.3 of the protocol, which write some things otherwise', async () => {
    for (const tdsVersion of ['7.1', '7.2', '7.3']) {
      for (const target of [direct(plainServer), through(plainGateway), through(tlsGateway)]) {
        const result = await tsql({ ...target, tdsVersion }, ['select 42', 'select suser_sname()']);
        expect(result.stdout.match(/^(42|reporting)$/gm)).toEqual(['42', 'reporting']);
      }
      const wrong = await tsql({ ...through(plainGateway), tdsVersion, password: 'lk_wrong' }, ['select 1']);
      expect(wrong.stdout + wrong.stderr).toContain('This token is not known. Copy a new one.');
    }
  });
});

describeWith([clientParts.isql], 'unixODBC with the driver of FreeTDS', () => {
  test.each([...ways, onlyFar])('and %s', async (_, target) => {
    const result = await isql(target(), "select 'over ODBC'");
    expect(result.stdout).toContain('| over ODBC');
  });
});

describeWith([clientParts.pymssql], 'pymssql', () => {
  const plain = [...ways, onlyFar].filter(([name]) => !name.endsWith('encrypted') && !name.includes('both'));
  test.each(plain)('and %s', async (_, target) => {
    const result = await pymssql(target(), [
      'cursor.execute("select %s", ("Grüße",))',
      'print(cursor.fetchall())',
      'cursor.execute("select * from numbers(2000)")',
      'rows = cursor.fetchall()',
      'print(len(rows), rows[-1])',
      'cursor.execute("select @@trancount")',
      'print(cursor.fetchall())',
      'connection.rollback()',
    ]);
    expect(result).toEqual({
      code: 0,
      stdout: `[('Grüße',)]\n2000 (2000, '${numberHash(2000)}')\n[(1,)]\n`,
      stderr: '',
    });
  });
});

describe('what a client says of itself', () => {
  test('reaches the broker and the upstream, but for credential, database and server', async () => {
    const client = await tedious({
      ...through(tlsGateway),
      ...encrypted(),
      options: { appName: 'Ledger', workstationId: 'desk-12', language: 'Deutsch', readOnlyIntent: true },
      packetSize: 8000,
    });
    expect(tlsGateway.gatekeeper.attempts.at(-1)).toEqual({
      connection: 'sales',
      clientUser: tlsGateway.user,
      database: 'sales',
      program: 'Ledger',
      proof: { kind: 'password', password: tlsGateway.token },
      peer: expect.objectContaining({ transport: 'tcp', uid: process.getuid?.() }),
    });
    const seen = tlsServer.logins.at(-1);
    expect(seen).toMatchObject({
      user: 'reporting',
      password,
      database: 'sales',
      server: 'localhost',
      host: 'desk-12',
      program: 'Ledger',
      library: 'Tedious',
      language: 'Deutsch',
      packetSize: 8000,
      encrypted: true,
      tlsName: 'localhost',
      version: 0x74000004,
    });
    // fReadOnlyIntent in TypeFlags, and the feature that tedious asks for.
    expect((seen?.flags[2] ?? 0) & 0x20).toBe(0x20);
    expect([...(seen?.features.keys() ?? [])]).toEqual([0x0a]);
    // Packets of the size that was agreed on pass in both directions.
    const long = 'y'.repeat(30_000);
    expect(await client.execute('select len(@a)', [['a', TYPES.NVarChar, long]])).toEqual([30_000]);
    expect(await client.execute('select @a', [['a', TYPES.NVarChar, 'z'.repeat(3900)]])).toEqual([
      'z'.repeat(3900),
    ]);
    await client.close();
  });

  test('a database may be left out, or be called "master"', async () => {
    for (const database of [undefined, '', 'master', 'Master']) {
      const client = await tedious({
        ...through(plainGateway),
        ...(database === undefined ? {} : { database }),
      });
      expect(await client.batch('select db_name()')).toEqual(['sales']);
      await client.close();
    }
  });
});

describe('a session that is encrypted on both sides', () => {
  const open = async () => {
    const opened = tlsGateway.gatekeeper.nextOpened();
    const client = await tedious({ ...through(tlsGateway), ...encrypted() });
    return { client, sessionId: await opened };
  };

  test('is counted in plain bytes', async () => {
    const { client, sessionId } = await open();
    expect(await client.execute('select len(@a)', [['a', TYPES.NVarChar, 'x'.repeat(10_000)]])).toEqual([
      10_000,
    ]);
    await client.batch('select * from numbers(3000)', () => undefined);
    await client.close();
    const end = await tlsGateway.gatekeeper.nextEnd(sessionId);
    expect(end.reason).toBe('client-closed');
    // The statements and settings of the driver come on top of the 20,000 bytes of the text.
    expect(end.bytesFromClient).toBeGreaterThan(20_000);
    expect(end.bytesFromClient).toBeLessThan(24_000);
    // Each row has 73 bytes.
    expect(end.bytesFromUpstream).toBeGreaterThan(3000 * 70);
    expect(end.bytesFromUpstream).toBeLessThan(3000 * 80);
  });

  test('is cut with a reason, and its statement is stopped', async () => {
    const { client, sessionId } = await open();
    const attentions = tlsServer.attentions;
    const waiting = client.batch("waitfor delay '00:10:00'");
    waiting.catch(() => undefined);
    await expect.poll(() => tlsServer.statements.at(-1), { timeout: 20_000 }).toContain('waitfor');
    tlsGateway.host.cut([sessionId], 'You have signed out.');
    await expect(waiting).rejects.toThrow('You have signed out.');
    await expect.poll(() => tlsServer.attentions, { timeout: 20_000 }).toBe(attentions + 1);
    expect(await tlsGateway.gatekeeper.nextEnd(sessionId)).toMatchObject({ reason: 'cut' });
  });

  test('holds the upstream back while the client does not read', async () => {
    const { client, sessionId } = await open();
    const request = new Request('select * from numbers(2000000)', () => undefined);
    const paused = new Promise<void>((resolve) => {
      request.once('row', () => {
        request.pause();
        resolve();
      });
    });
    client.connection.execSqlBatch(request);
    await paused;
    let before = -1;
    // Until every buffer on the way is full.
    for (let now = tlsServer.bytesSent(); now !== before; now = tlsServer.bytesSent()) {
      before = now;
      await new Promise((resolve) => {
        setTimeout(resolve, 700);
      });
    }
    // All rows would be 146 MB.
    expect(before).toBeLessThan(40_000_000);
    tlsGateway.host.cut([sessionId], 'That will do.');
    expect(await tlsGateway.gatekeeper.nextEnd(sessionId)).toMatchObject({ reason: 'cut' });
    await expect.poll(() => tlsServer.sessions(), { timeout: 20_000 }).toBe(0);
  });
});
