import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Capabilities,
  capabilities,
  extendedCapabilities,
  without,
} from '../../../main/gateway/mysql/capabilities.ts';
import { packet } from '../../../main/gateway/mysql/wire.ts';
import { mariadbParts, startMariadb } from '../../support/mariadb.ts';
import { describeWith } from '../../support/parts.ts';
import { useAll } from '../../support/use-all.ts';
import { type MysqlGateway, mysqlGatewayTo } from './fixture.ts';
import { type RawClient, lastError, modernExtended, modernFlags, packets, rawLogin } from './raw-client.ts';

const query = (sql: string): Buffer => Buffer.from(`\u0003${sql}`);
const prepare = (sql: string): Buffer => Buffer.from(`\u0016${sql}`);
/** MariaDB takes -1 for the statement that was prepared last. */
const lastStatement = [0xff, 0xff, 0xff, 0xff];
const execute = (flags: number, ...parameters: number[]): Buffer =>
  Buffer.from([0x17, ...lastStatement, flags, 1, 0, 0, 0, ...parameters]);
const fetch = (rows: number): Buffer => Buffer.from([0x1c, ...lastStatement, rows, 0, 0, 0]);
/** No NULLs, types follow, a tiny integer 42. */
const fortyTwo = [0, 1, 1, 0, 42];

/** Columns with the longest name that there is: "Identifier Names". */
function longNames(count: number): string {
  return Array.from({ length: count }, (_, index) => `1 as \`${'ä'.repeat(60)}${1000 + index}\``).join(', ');
}

describeWith([mariadbParts.server, mariadbParts.install], 'what goes by in a MySQL session', () => {
  let gateway: MysqlGateway;
  /** With TLS upstream, where chunks fall otherwise. */
  let secure: MysqlGateway;
  let last: RawClient | undefined;
  const server = useAll(() => startMariadb({ tls: true }));
  beforeAll(async () => {
    await server.query('create table shop.things (a int, b text)');
    await server.query("insert into shop.things values (null, 'x'), (2, null)");
    await server.query(
      'create procedure shop.results() begin select null, 1; select a from shop.things; do 1; end',
    );
    gateway = await mysqlGatewayTo(server);
    secure = await mysqlGatewayTo(server, {
      upstream: { port: server.port, tls: { mode: 'verify', ca: server.caPem ?? '' } },
    });
  });
  afterAll(async () => {
    last?.socket.destroy();
    await gateway.close();
    await secure.close();
  });

  const eof = without(modernFlags, capabilities.deprecateEof);
  const noCache = without(modernExtended, extendedCapabilities.cacheMetadata);
  const spoken: [string, Capabilities][] = [
    ['MariaDB, today', { flags: modernFlags, extended: modernExtended }],
    ['MariaDB, EOF packets', { flags: eof, extended: modernExtended }],
    ['MySQL, today', { flags: modernFlags + capabilities.longPassword, extended: 0 }],
    ['MySQL, EOF packets', { flags: eof + capabilities.longPassword, extended: noCache & 0 }],
  ];
  const shapes: [string, Buffer[]][] = [
    ['a statement without rows', [query('do 1')]],
    ['rows that begin with NULL', [query('select null, a, b from things')]],
    ['300 columns with long names', [query(`select ${longNames(300)}`)]],
    ['no rows', [query('select a from things where false')]],
    ['260 rows, past the last sequence number', [query('select null, seq from seq_1_to_260')]],
    ['an error', [query('select nonsense')]],
    [
      'an error after some rows',
      [query('select (select seq from seq_1_to_3 s where s.seq >= t.seq) from seq_3_to_1 t')],
    ],
    ['several statements', [query('select null; do 1; select a from things; select 4')]],
    ['several statements up to an error', [query('select null; select nonsense; select 3')]],
    ['a procedure', [query('call results()')]],
    [
      'a prepared statement',
      [prepare('select null, ?, b from things'), execute(0, ...fortyTwo), execute(0, ...fortyTwo)],
    ],
    ['a prepared statement without rows', [prepare('do ?'), execute(0, ...fortyTwo)]],
    ['a prepared statement without anything', [prepare('do 1'), execute(0)]],
    ['a prepared procedure', [prepare('call results()'), execute(0)]],
    ['a statement that cannot be prepared', [prepare('select nonsense'), execute(0)]],
    ['a cursor', [prepare('select null, seq from seq_1_to_10'), execute(1), fetch(4), fetch(4), fetch(4)]],
    [
      'long data',
      [
        prepare('select ?'),
        Buffer.from([0x18, ...lastStatement, 0, 0, 0xfb, 0xfb]),
        execute(0, 0, 1, 252, 0),
      ],
    ],
    [
      'closing and resetting a statement',
      [prepare('select 1'), Buffer.from([0x1a, ...lastStatement]), Buffer.from([0x19, ...lastStatement])],
    ],
    ['the columns of a table', [Buffer.from('\u0004things\0'), Buffer.from('\u0004nothing\0')]],
    ['a database', [Buffer.from('\u0002shop'), Buffer.from('\u0002nothing')]],
    ['process list, ping, debug', [Buffer.from([0x0a]), Buffer.from([0x0e]), Buffer.from([0x0d])]],
    [
      'several statements turned off and on',
      [Buffer.from([0x1b, 1, 0]), query('do 1'), Buffer.from([0x1b, 0, 0])],
    ],
    ['a reset', [Buffer.from([0x1f]), query('select null')]],
    [
      'commands that are not passed on',
      [
        Buffer.from([0x12, 1, 2, 3]),
        query('select null'),
        Buffer.from([0x99]),
        Buffer.from('\u0011root\0\0\0'),
      ],
    ],
    ['an empty command', [Buffer.alloc(0), query('select null')]],
  ];
  const cases = spoken.flatMap(([client, flags]) =>
    shapes.map(([name, commands]) => [client, name, flags, commands] as const),
  );

  /**
   * Sends all commands without waiting, in pieces of this length, and a last one whose answer is unmistakable. Then the
   * session is cut: the number of the last packet shows whether the gateway knew that nothing was under way.
   */
  async function run(
    flags: Capabilities,
    commands: readonly Buffer[],
    pieces: number,
    through = gateway,
  ): Promise<Buffer> {
    const opened = through.gatekeeper.nextOpened();
    const client = await rawLogin(through.port, through.token, flags);
    last = client;
    const sessionId = await opened;
    const bytes = Buffer.concat([...commands, Buffer.from([0x09])].map((payload) => packet(0, payload)));
    for (let offset = 0; offset < bytes.length; offset += pieces) {
      client.socket.write(bytes.subarray(offset, offset + pieces));
      if (pieces < bytes.length) await new Promise((resolve) => setImmediate(resolve));
    }
    await client.socket.until(
      () => packets(client.received()).at(-1)?.payload.toString('latin1', 0, 6) === 'Uptime',
    );
    const answered = client.received().length;
    through.host.cut([sessionId], 'Enough.');
    const { received } = await client.socket.closed();
    const all = received.subarray(received.length - client.received().length);
    expect(lastError(all.subarray(answered))).toEqual({
      number: 1927,
      sqlState: '08S01',
      message: 'Enough.',
      sequence: 1,
    });
    return all;
  }

  test.each(cases)('%s: %s', async (_client, _name, flags, commands) => {
    const whole = await run(flags, commands, 10_000);
    const bit = await run(flags, commands, 3, secure);
    expect(packets(bit).length).toBe(packets(whole).length);
  });

  test('an answer comes in its turn where a command was kept back in the middle', async () => {
    const commands = [query('select 1'), Buffer.from('\u0011root\0\0\0'), query('select 2')];
    const received = await run({ flags: modernFlags, extended: 0 }, commands, 10_000);
    const text = packets(received).map(({ payload }) => payload.toString('latin1'));
    const position = (part: string): number => text.findIndex((each) => each.includes(part));
    expect(position('\u00011')).toBeLessThan(position('change to another user'));
    expect(position('change to another user')).toBeLessThan(position('\u00012'));
  });

  test('a statement of 17 MB that is kept back whole', async () => {
    const client = await rawLogin(gateway.port, gateway.token);
    const part = Buffer.alloc(0xff_ff_ff, 0x61);
    part[0] = 0x11;
    client.send(0, part);
    client.send(1, Buffer.alloc(1000, 0x62));
    const [refused] = await client.packets(2).then((all) => all.slice(1));
    expect(refused?.payload.toString()).toContain('does not pass a change to another user on');
    const answer = await client.command('\u0003select 5', 3);
    expect(answer.map(({ payload }) => payload.toString('latin1'))).toContain('\u00015');
    client.socket.destroy();
  });

  test('nothing was a fault of the gateway, nor of the server', () => {
    expect([...gateway.log, ...secure.log]).toEqual([]);
  });
});
