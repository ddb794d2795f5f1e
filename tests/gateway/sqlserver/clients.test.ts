import { createHash } from 'node:crypto';
import { Request, TYPES } from 'tedious';
import { describe, expect, test } from 'vitest';
import { numberHash } from '../../support/tds-server-sql.ts';
import { useAll } from '../../support/use-all.ts';
import { tedious } from './drivers.ts';
import { startWays, upstreamPassword, ways } from './ways.ts';

const all = useAll(startWays);

describe.each(ways)('tedious and %s', (way) => {
  test('values, parameters, prepared statements, transactions and errors', async () => {
    const client = await tedious(all.to(way));
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
    const client = await tedious(all.to(way));
    const waiting = client.batch("waitfor delay '00:10:00'");
    setTimeout(() => client.connection.cancel(), 100);
    await expect(waiting).rejects.toMatchObject({ code: 'ECANCEL' });
    expect(await client.batch('select 1')).toEqual([1]);
    await client.close();
  });

  test('calls of the catalog, and bulk loads: whole, given up by the client, and stopped', async () => {
    const servers = [all.plainServer, all.tlsServer];
    const taken = () => servers.flatMap(({ loaded }) => loaded.splice(0));
    const client = await tedious(all.to(way));
    expect(await client.call('sp_columns', [['table_name', TYPES.NVarChar, 'orders']])).toEqual([
      ['orders', 'id'],
      ['orders', 'name'],
    ]);
    const rows = Array.from({ length: 5000 }, (_, i) => [i, `${'ä'.repeat(i % 150)}${i}`]);
    expect(await client.load(rows)).toBe(5000);
    expect(taken()).toEqual(rows);

    function* broken() {
      yield* rows.slice(0, 3000);
      throw new Error('no more rows');
    }
    await expect(client.load(broken())).rejects.toThrow();
    async function* endless() {
      for (;;) {
        yield [1, 'x'.repeat(100)];
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const stopped = client.load(endless());
    setTimeout(() => client.connection.cancel(), 50);
    await expect(stopped).rejects.toThrow();
    expect(taken()).toEqual([]);

    expect(await client.batch('select 1')).toEqual([1]);
    expect(await client.load(rows.slice(0, 10))).toBe(10);
    expect(taken()).toEqual(rows.slice(0, 10));
    await client.close();
  });

  test('30,000 rows come unchanged', async () => {
    const client = await tedious(all.to(way));
    const hash = createHash('sha256');
    await client.batch('select * from numbers(30000)', ([i, text]) => hash.update(`${i}:${text}\n`));
    const wanted = createHash('sha256');
    for (let i = 1; i <= 30_000; i += 1) wanted.update(`${i}:${numberHash(i)}\n`);
    expect(hash.digest('hex')).toBe(wanted.digest('hex'));
    await client.close();
  });
});

describe('a wrong token', () => {
  test.each(ways.slice(3))('is told in the client’s own words: %s', async (way) => {
    await expect(tedious({ ...all.to(way), password: 'lk_wrong' })).rejects.toThrow(
      'This token is not known. Copy a new one.',
    );
    expect(all.tlsGateway.gatekeeper.attempts.at(-1)?.proof).toEqual({
      kind: 'password',
      password: 'lk_wrong',
    });
  });

  test('one that has expired', async () => {
    all.tlsGateway.gatekeeper.refuseWith({
      sqlState: '28000',
      problem: { code: 'token-expired', message: 'This token has expired.', remedy: 'Copy a new one.' },
    });
    try {
      await expect(tedious(all.to('a gateway with encryption on both sides'))).rejects.toThrow(
        'This token has expired. Copy a new one.',
      );
    } finally {
      all.tlsGateway.gatekeeper.refuseWith(undefined);
    }
  });
});

describe('what a client says of itself', () => {
  test('reaches the broker and the upstream, but for credential, database and server', async () => {
    const client = await tedious({
      ...all.to('a gateway with encryption on both sides'),
      options: { appName: 'Ledger', workstationId: 'laptop-12', language: 'Deutsch', readOnlyIntent: true },
      packetSize: 8000,
    });
    expect(all.tlsGateway.gatekeeper.attempts.at(-1)).toEqual({
      connection: 'sales',
      clientUser: all.tlsGateway.user,
      database: 'sales',
      program: 'Ledger',
      proof: { kind: 'password', password: all.tlsGateway.token },
      peer: expect.objectContaining({ transport: 'tcp', uid: process.getuid?.() }),
    });
    const seen = all.tlsServer.logins.at(-1);
    expect(seen).toMatchObject({
      user: 'reporting',
      password: upstreamPassword,
      database: 'sales',
      server: 'localhost',
      host: 'laptop-12',
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
        ...all.to('a gateway'),
        ...(database === undefined ? {} : { database }),
      });
      expect(await client.batch('select db_name()')).toEqual(['sales']);
      await client.close();
    }
  });
});

test('a database is found by every spelling that the server would take, and opened under its own', async () => {
  for (const database of ['SALES', 'Sales ', '[sales]', '"Sales"', '[MASTER]']) {
    const client = await tedious({ ...all.to('a gateway'), database });
    expect(all.plainServer.logins.at(-1)?.database).toBe('sales');
    expect(all.plainGateway.gatekeeper.attempts.at(-1)?.database).toBe('sales');
    await client.close();
  }
  await expect(tedious({ ...all.to('a gateway'), database: 'sales2' })).rejects.toThrow(
    'There is no database "sales2"',
  );
});

describe('a session that is encrypted on both sides', () => {
  const open = async () => {
    const opened = all.tlsGateway.gatekeeper.nextOpened();
    const client = await tedious(all.to('a gateway with encryption on both sides'));
    return { client, sessionId: await opened };
  };

  test('is counted in plain bytes', async () => {
    const { client, sessionId } = await open();
    expect(await client.execute('select len(@a)', [['a', TYPES.NVarChar, 'x'.repeat(10_000)]])).toEqual([
      10_000,
    ]);
    await client.batch('select * from numbers(3000)', () => undefined);
    await client.close();
    const end = await all.tlsGateway.gatekeeper.nextEnd(sessionId);
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
    const attentions = all.tlsServer.attentions;
    const waiting = client.batch("waitfor delay '00:10:00'");
    waiting.catch(() => undefined);
    await expect.poll(() => all.tlsServer.statements.at(-1), { timeout: 20_000 }).toContain('waitfor');
    all.tlsGateway.host.cut([sessionId], 'You have signed out.');
    await expect(waiting).rejects.toThrow('You have signed out.');
    await expect.poll(() => all.tlsServer.attentions, { timeout: 20_000 }).toBe(attentions + 1);
    expect(await all.tlsGateway.gatekeeper.nextEnd(sessionId)).toMatchObject({ reason: 'cut' });
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
    for (let now = all.tlsServer.bytesSent(); now !== before; now = all.tlsServer.bytesSent()) {
      before = now;
      await new Promise((resolve) => {
        setTimeout(resolve, 700);
      });
    }
    // All rows would be 146 MB.
    expect(before).toBeLessThan(40_000_000);
    all.tlsGateway.host.cut([sessionId], 'That will do.');
    expect(await all.tlsGateway.gatekeeper.nextEnd(sessionId)).toMatchObject({ reason: 'cut' });
    await expect.poll(() => all.tlsServer.sessions(), { timeout: 20_000 }).toBe(0);
  });
});
