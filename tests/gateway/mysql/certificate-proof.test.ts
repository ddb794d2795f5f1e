import { type Socket, connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { TLSSocket, connect as connectTls } from 'node:tls';
import { createConnection } from 'mariadb';
import { afterEach, expect, test } from 'vitest';
import { ed25519PublicKey } from '../../../main/gateway/mysql/ed25519.ts';
import { sslRequestLength } from '../../../main/gateway/mysql/handshake-response.ts';
import { checkUpstream } from '../../../main/gateway/upstream-check.ts';
import { createTestAuthority } from '../../support/certificates.ts';
import { mariadbParts, startMariadb } from '../../support/mariadb.ts';
import { describeWith } from '../../support/parts.ts';
import { useAll } from '../../support/use-all.ts';
import { type MysqlGateway, type MysqlGatewayOptions, mysqlGatewayTo, startMysqlGateway } from './fixture.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const packetHeader = 4;
const byPassword = { mode: 'by-password' } as const;

/** Logs in, and asks for one row; or the message of the refusal. */
async function outcome({ port, user, token: password }: MysqlGateway): Promise<string> {
  try {
    const client = await createConnection({
      host: '127.0.0.1',
      port,
      user,
      password,
      connectTimeout: 10_000,
    });
    const [row] = (await client.query('select 1 as one')) as { one: number }[];
    await client.end();
    return `in: ${row?.one}`;
  } catch (error) {
    return (error as { sqlMessage?: string }).sqlMessage ?? String(error);
  }
}

/** Ends TLS with a certificate of its own, and passes on what is inside. */
async function inBetween(port: number): Promise<number> {
  const { certPem: cert, keyPem: key } = await (await createTestAuthority()).issue({ dns: ['localhost'] });
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => undefined));
    upstream.once('data', (greeting) => {
      client.write(greeting);
      client.once('data', (request) => {
        // The client does not wait before it begins with TLS.
        const end = packetHeader + sslRequestLength;
        upstream.write(request.subarray(0, end));
        client.pause();
        if (request.length > end) client.unshift(request.subarray(end));
        const inside = new TLSSocket(client, { isServer: true, cert, key });
        const onwards = connectTls({ socket: upstream, rejectUnauthorized: false });
        for (const socket of [inside, onwards]) socket.on('error', () => undefined);
        inside.pipe(onwards).pipe(inside);
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describeWith([mariadbParts.server, mariadbParts.install], 'a certificate that the login has to prove', () => {
  const server = useAll(() => startMariadb({ tls: true }));
  /** Signs its certificate as MariaDB 11.4 does; node-clients.test.ts has MariaDB's own client check that. */
  const signing = useAll(() => mysqlGatewayTo(server, { clientTls: true }));

  async function gatewayTo(port: number, login: MysqlGatewayOptions['login']): Promise<MysqlGateway> {
    const gateway = await startMysqlGateway({ upstream: { port, tls: byPassword }, login });
    closing.push(gateway.close);
    return gateway;
  }
  const login = () => ({ user: signing.user, database: 'sales', password: signing.token });

  test('one that does is let in, and its proof does not reach the client', async () => {
    const gateway = await gatewayTo(signing.port, login());
    expect(await outcome(gateway)).toBe('in: 1');
    // Twice: the greeting is known by then.
    expect(await outcome(gateway)).toBe('in: 1');
    const address = {
      host: 'localhost',
      port: signing.port,
      tls: byPassword,
      allowedMethods: [],
      connectTimeoutMs: 5000,
    };
    expect(await checkUpstream('mysql', address, new AbortController().signal)).toMatch(
      /fingerprint sha256:[0-9a-f]{64}\) has to be proved by each login\.$/,
    );
  });

  test('somebody in between, who passes all of it on', async () => {
    const gateway = await gatewayTo(await inBetween(signing.port), login());
    expect(await outcome(gateway)).toMatch(
      /has proved another certificate than it shows: somebody is in between/,
    );
  });

  test('a wrong password is the wrong password', async () => {
    const gateway = await gatewayTo(signing.port, { ...login(), password: 'wrong' });
    expect(await outcome(gateway)).toMatch(/refused the login/);
  });

  test('a server that proves nothing, or could not', async () => {
    const { user, password, database } = server;
    const old = await gatewayTo(server.port, { user, password, database });
    expect(await outcome(old)).toMatch(/does not prove its certificate by the password/);
    const none = await gatewayTo(server.port, { user, database });
    expect(await outcome(none)).toMatch(/cannot prove its certificate, as this rule has no password/);
    const token = await gatewayTo(server.port, { user, database, accessToken: 'secret' });
    expect(await outcome(token)).toMatch(/cannot prove its certificate/);
  });

  test('what the server keeps of a password for ed25519 is the key that we make of it', async () => {
    await server.query("install soname 'auth_ed25519'");
    await server.query("create user signer identified via ed25519 using password('a word')");
    const [row] = await server.query(
      "select authentication_string as kept from mysql.user where user = 'signer'",
    );
    expect(ed25519PublicKey('a word').toString('base64').replace(/=$/, '')).toBe(row?.['kept']);
  });
});
