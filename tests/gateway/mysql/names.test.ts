import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeName, encodeName } from '../../../main/gateway/mysql/charsets.ts';
import { type MariadbServer, mariadbParts, startMariadb } from '../../support/mariadb.ts';
import { describeWith } from '../../support/parts.ts';
import { type MysqlGateway, type MysqlGatewayOptions, mysqlGatewayTo } from './fixture.ts';
import { type RawClient, lastError, loginPacket, packets, rawClient } from './raw-client.ts';

const needed = [mariadbParts.server, mariadbParts.install];
const utf8 = 45;
const latin1 = 8;

interface Asked {
  user?: string;
  database?: string;
  charset?: number;
}

/** Logs in with these names, in the character set of this collation. */
async function logIn({ port, token }: MysqlGateway, asked: Asked): Promise<RawClient> {
  const client = await rawClient(port);
  client.send(1, loginPacket(client.greeting, token, undefined, { charset: utf8, ...asked }));
  await client.packets(1);
  return client;
}

/** One value of one row. */
async function ask(client: RawClient, sql: string): Promise<string> {
  const answer = await client.command(`\u0003${sql}`, 4);
  client.socket.destroy();
  return answer[2]?.payload.toString('utf8', 1) ?? '';
}

describeWith(needed, 'names in the character set of the client', () => {
  let server: MariadbServer;
  const gateways: MysqlGateway[] = [];
  beforeAll(async () => {
    server = await startMariadb();
    await server.query('create database `café`');
    await server.query("create user 'zoé'@'127.0.0.1' identified by 'secret'");
    await server.query("grant all on *.* to 'zoé'@'127.0.0.1'");
  });
  afterAll(async () => {
    for (const gateway of gateways) await gateway.close();
    await server.close();
  });
  const gatewayWith = async (options: Partial<MysqlGatewayOptions>): Promise<MysqlGateway> => {
    const gateway = await mysqlGatewayTo(server, options);
    gateways.push(gateway);
    return gateway;
  };

  test('every character set is that of the server', async () => {
    const collations = await server.query(
      'select id, character_set_name as name from information_schema.collations where id < 256',
    );
    expect(collations.length).toBeGreaterThan(200);
    const letters = Array.from('éßŁőžğØЖщΩאعก日本한');
    const compared = new Set<string>();
    /** Has the letter at a place of its own: told as one that cannot be written. */
    const missing = new Set<string>();
    for (const name of new Set(collations.map((row) => String(row['name'])))) {
      if (/^(ucs2|utf16|utf16le|utf32|binary)$/.test(name)) continue;
      const columns = letters.map((letter, index) => `hex(convert('${letter}' using ${name})) as c${index}`);
      const [row = {}] = await server.query(`select ${columns.join(', ')}`);
      for (const { id } of collations.filter((each) => each['name'] === name)) {
        for (const [index, letter] of letters.entries()) {
          const hex = String(row[`c${index}`]);
          const encoded = encodeName(letter, Number(id));
          // A character set without an encoder here is taken for UTF-8, and has to be asked for by nobody.
          if (hex === '3F' || encoded?.equals(Buffer.from(letter)) === true) continue;
          if (encoded === undefined) {
            missing.add(`${name} ${letter}`);
            continue;
          }
          expect(`${name} ${letter} ${encoded.toString('hex').toUpperCase()}`).toBe(
            `${name} ${letter} ${hex}`,
          );
          expect(decodeName(Buffer.from(hex, 'hex'), Number(id))).toBe(letter);
          compared.add(name);
        }
      }
    }
    expect([...missing].filter((each) => !/^(big5 [Жщ]|ujis|eucjpms)/.test(each))).toEqual([]);
    expect([...compared]).toEqual(
      expect.arrayContaining(['latin1', 'cp1250', 'gbk', 'big5', 'sjis', 'ujis', 'euckr', 'koi8r', 'hebrew']),
    );
  });

  test.each([latin1, 26, 28, utf8])('collation %i: the person, the user and the schema', async (charset) => {
    const gateway = await gatewayWith({
      login: { user: 'zoé', password: 'secret', database: 'café' },
      listener: { databases: ['café', 'sales'] },
    });
    const client = await logIn(gateway, { user: 'renée@contoso.example', database: 'café', charset });
    expect(await ask(client, "select convert(concat(user(), ' ', database()) using utf8mb4)")).toContain(
      'zo',
    );
    expect(gateway.gatekeeper.attempts.at(-1)).toMatchObject({
      clientUser: 'renée@contoso.example',
      database: 'café',
    });
  });

  test('an upstream user that the character set has not got', async () => {
    const gateway = await gatewayWith({ login: { user: 'Жанна', password: 'secret', database: 'shop' } });
    const client = await logIn(gateway, { charset: latin1 });
    expect(lastError(client.received()).message).toMatch(/cannot write the names .* announce utf8mb4/);
    client.socket.destroy();
  });

  test('a character set that servers refuse: in their words', async () => {
    const gateway = await gatewayWith({});
    const client = await logIn(gateway, { charset: 54 });
    const { number, sqlState, message } = lastError(client.received());
    expect([number, sqlState]).toEqual([1231, '42000']);
    expect(message).toContain("can't be set to the value of 'utf16'");
    client.socket.destroy();
  });

  test('a schema with a name of 64 characters', async () => {
    const longest = 'ü'.repeat(64);
    await server.query(`create database \`${longest}\``);
    const gateway = await gatewayWith({
      login: { user: server.user, password: server.password, database: longest },
      listener: { databases: [longest, 'sales'] },
    });
    const client = await logIn(gateway, { database: longest });
    expect(await ask(client, 'select database()')).toBe(longest);
  });
});

describeWith(needed, 'another spelling of a schema', () => {
  test.each(['0', '1'])('lower_case_table_names = %s', async (folding) => {
    const server = await startMariadb({ settings: { 'lower-case-table-names': folding } });
    const gateway = await mysqlGatewayTo(server, { listener: { databases: ['shop', 'till'] } });
    for (const database of ['SHOP', 'Shop', 'TILL']) {
      const client = await logIn(gateway, { database });
      if (folding === '1') expect(await ask(client, 'select database()')).toBe('shop');
      else {
        await client.socket.closed();
        expect(lastError(client.received())).toMatchObject({
          number: 1049,
          message: `There is no database "${database}" at this port. Use the database "shop".`,
        });
      }
    }
    const exact = await logIn(gateway, { database: 'till' });
    expect(await ask(exact, 'select database()')).toBe('shop');
    // A trailing blank is no part of a name that a server would have.
    const blank = await logIn(gateway, { database: 'shop ' });
    expect(packets(blank.received()).at(-1)?.payload[0]).toBe(0xff);
    await gateway.close();
    await server.close();
  });
});
