import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { TLSSocket, connect as connectTls, createSecureContext } from 'node:tls';
import { Client } from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { runNode } from '../../connect/run-client.ts';
import { createTestAuthority } from '../../support/certificates.ts';
import { describeWith, parts, type Part } from '../../support/parts.ts';
import { pgbouncerPart, startPgbouncer } from '../../support/pgbouncer.ts';
import { startPostgres } from '../../support/postgres.ts';
import { type PsqlTarget, psql } from '../../support/psql.ts';
import { rawSocket } from '../../support/raw-socket.ts';
import {
  errorFields,
  frames,
  gssRequest,
  saslInitial,
  sslRequest,
  startupPacket,
} from '../../support/wire-client.ts';
import { useAll } from '../../support/use-all.ts';
import { gatewayTo } from '../fixture.ts';

/** libpq 18, which knows direct TLS and cancels over it; the one of the system may not. */

describeWith([parts.postgres, parts.psql], 'TLS towards PostgreSQL clients', () => {
  const server = useAll(startPostgres);
  const gateway = useAll(() => gatewayTo(server, { clientTls: true }));
  afterEach(() => expect(gateway.log).toEqual([]));

  const target = (environment: Record<string, string> = {}, more: Partial<PsqlTarget> = {}): PsqlTarget => ({
    host: '127.0.0.1',
    port: gateway.port,
    user: gateway.user,
    database: gateway.database,
    password: gateway.token,
    environment,
    ...more,
  });
  const conninfo = ['-c', '\\conninfo', '-c', 'select 1'];
  const encrypted = { code: 0, stdout: expect.stringMatching(/SSL[\s\S]*1\n$/) as string, stderr: '' };

  const libraries: [string, string, Part[]][] = [
    ['of this system', '', []],
    ['18', parts.libpq18.path ?? '', [parts.libpq18]],
  ];
  for (const [version, LD_LIBRARY_PATH, needed] of libraries)
    describeWith(needed, `libpq ${version}`, () => {
      const library: Record<string, string> = LD_LIBRARY_PATH === '' ? {} : { LD_LIBRARY_PATH };

      test('every mode ends in a login; those that want TLS have it', async () => {
        const trusting = { ...library, PGSSLROOTCERT: gateway.caFile };
        for (const environment of [
          { ...library },
          { ...library, PGSSLMODE: 'require' },
          { ...trusting, PGSSLMODE: 'verify-ca' },
          { ...trusting, PGSSLMODE: 'verify-full' },
          { ...trusting, PGSSLMODE: 'verify-full', PGCHANNELBINDING: 'require' },
          { ...trusting, PGSSLMODE: 'verify-full', PGCHANNELBINDING: 'disable' },
          {
            ...library,
            PGSSLMODE: 'require',
            PGSSLMAXPROTOCOLVERSION: 'TLSv1.2',
            PGCHANNELBINDING: 'require',
          },
          ...(version === '18'
            ? [
                { ...trusting, PGSSLMODE: 'verify-full', PGSSLNEGOTIATION: 'direct' },
                {
                  ...library,
                  PGSSLMODE: 'require',
                  PGREQUIREAUTH: 'scram-sha-256',
                  PGMINPROTOCOLVERSION: '3.2',
                },
              ]
            : []),
        ])
          expect(await psql(target(environment), conninfo), JSON.stringify(environment)).toEqual(encrypted);
        const byName = target({ ...trusting, PGSSLMODE: 'verify-full' }, { host: 'localhost' });
        expect(await psql(byName, conninfo)).toEqual(encrypted);
        const plain = await psql(target({ ...library, PGSSLMODE: 'disable' }), conninfo);
        expect(plain).toMatchObject({ code: 0, stdout: expect.not.stringContaining('TLS') as string });
      });

      test('a client that does not know the authority goes no further, and is recorded', async () => {
        const stranger = await gatewayTo(server, { clientTls: true });
        try {
          const environment = { ...library, PGSSLMODE: 'verify-ca', PGSSLROOTCERT: gateway.caFile };
          const wrong = target(environment, { port: stranger.port });
          expect((await psql(wrong, conninfo)).stderr).toMatch(/SSL error/);
          await expect
            .poll(() => stranger.gatekeeper.rejections[0]?.refusal.problem.message ?? '')
            .toContain('broke off the TLS handshake with a PostgreSQL gateway');
        } finally {
          await stranger.close();
        }
      });

      test('Ctrl-C cancels the query of an encrypted session', async () => {
        const child = spawn(parts.psql.path ?? '', ['-X', '-c', `select pg_sleep(60) /* ${version} */`], {
          env: {
            PATH: process.env['PATH'],
            PGHOST: '127.0.0.1',
            PGPORT: String(gateway.port),
            PGUSER: gateway.user,
            PGDATABASE: 'sales',
            PGPASSWORD: gateway.token,
            PGSSLMODE: 'verify-full',
            PGSSLROOTCERT: gateway.caFile,
            ...library,
          },
        });
        const said = text(child.stderr);
        await expect
          .poll(() =>
            server.query(
              `select 1 from pg_stat_activity where state = 'active' and query like 'select pg_sleep(60) /* ${version}%'`,
            ),
          )
          .toHaveLength(1);
        child.kill('SIGINT');
        await once(child, 'close');
        expect(await said).toContain('canceling statement due to user request');
      });
    });

  test('node pg with the authority; the bytes of a large result are whole', async () => {
    const client = new Client({
      ...target(),
      ssl: { ca: readFileSync(gateway.caFile, 'utf8'), servername: 'localhost' },
      enableChannelBinding: true,
    } as object);
    await client.connect();
    try {
      const { rows } = await client.query<{ i: number; pad: string }>(
        "select i, repeat('x', i % 500) as pad from generate_series(1, 100000) i",
      );
      expect(rows.every(({ i, pad }, index) => i === index + 1 && pad.length === i % 500)).toBe(true);
      const big = 'y'.repeat(5_000_000);
      const back = await client.query<{ n: string }>('select md5($1) as n', [big]);
      expect(back.rows[0]?.n).toMatch(/^[0-9a-f]{32}$/);
    } finally {
      await client.end();
    }
  });

  test('node pg with ssl: true and nothing else, where Node trusts the authority', async () => {
    const home = mkdtempSync(join(tmpdir(), 'lk-node-pg-'));
    const { port, user, database, token } = gateway;
    const place = JSON.stringify({ host: 'localhost', port, user, database, password: token, ssl: true });
    try {
      const said = await runNode(
        home,
        `import pg from 'pg'; const client = new pg.Client(${place}); await client.connect();`,
        `console.log((await client.query('select 4711 as n')).rows[0].n); await client.end();`,
        { NODE_EXTRA_CA_CERTS: gateway.caFile },
      );
      expect(said).toBe('4711');
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });

  test('an error, and a session that is cut, are told inside TLS', async () => {
    const wrong = target({ PGSSLMODE: 'require' }, { password: 'lk_wrong' });
    expect((await psql(wrong, ['-c', 'select 1'])).stderr).toContain('This token is not known.');
    const opened = gateway.gatekeeper.nextOpened();
    const client = new Client({ ...target(), ssl: { ca: readFileSync(gateway.caFile, 'utf8') } });
    const lost = once(client, 'error');
    client.on('error', () => undefined);
    await client.connect();
    gateway.host.cut([await opened], 'The access has been taken away.');
    expect((await lost)[0]).toMatchObject({ code: '57P01', message: 'The access has been taken away.' });
  });

  test('a client that prefers TLS is refused once, though it comes again without; the next one is asked for anew', async () => {
    const refusal = {
      sqlState: '28000',
      problem: { code: 'sign-in-required' as const, message: 'Nobody is signed in.' },
    };
    for (const [mode, times] of [
      ['prefer', 1],
      ['disable', 1],
      ['prefer', 1],
    ] as const) {
      const before = gateway.gatekeeper.attempts.length;
      gateway.gatekeeper.refuseWith(refusal);
      const ran = await psql(target({ PGSSLMODE: mode }), ['-c', 'select 1']).finally(() =>
        gateway.gatekeeper.refuseWith(undefined),
      );
      expect(ran.stderr).toContain('Nobody is signed in.');
      expect(gateway.gatekeeper.attempts.length - before, mode).toBe(times);
    }
    expect(await psql(target({ PGSSLMODE: 'disable' }), ['-c', 'select 1'])).toMatchObject({ stdout: '1\n' });
  });

  test('requireTls: in clear the server’s kind of error before the proof; over TLS and the unix socket as ever', async () => {
    const strict = await gatewayTo(server, { clientTls: true, listener: { requireTls: true } });
    try {
      const at = { port: strict.port, password: strict.token };
      const plain = await psql(target({ PGSSLMODE: 'disable' }, at), ['-c', 'select 1']);
      expect(plain.stderr).toContain('takes encrypted ones only');
      expect(strict.gatekeeper.rejections.at(-1)?.refusal.problem.code).toBe('tls-required');
      expect(strict.gatekeeper.attempts).toEqual([]);
      for (const host of ['127.0.0.1', strict.socketDir])
        expect(await psql(target({}, { ...at, host }), ['-c', 'select 1'])).toMatchObject({ stdout: '1\n' });
    } finally {
      await strict.close();
    }
  });

  describe('bytes', () => {
    const inTls = async (options: object = {}, request: Buffer = sslRequest): Promise<TLSSocket> => {
      const socket = connectTcp(gateway.port, '127.0.0.1');
      socket.write(request);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(answer.toString()).toBe('S');
      socket.removeAllListeners('data');
      const tls = connectTls({ socket, ca: readFileSync(gateway.caFile), host: '127.0.0.1', ...options });
      await once(tls, 'secureConnect');
      return tls;
    };
    const names = { user: 'ann@contoso.example', database: 'sales' };

    test('what comes behind an SSLRequest before its answer ends the connection with an error', async () => {
      for (const behind of [startupPacket(names), Buffer.from([0x16])]) {
        const socket = await rawSocket(gateway.port);
        socket.write(Buffer.concat([sslRequest, behind]));
        const { received } = await socket.closed();
        expect(errorFields(received)).toMatchObject({ S: 'FATAL', C: '08P01' });
      }
    });

    test('inside TLS neither TLS nor anything else is asked for twice; GSSAPI is declined there, too', async () => {
      const twice = await inTls();
      twice.write(sslRequest);
      expect(errorFields((await once(twice, 'data'))[0] as Buffer)).toMatchObject({ C: '08P01' });
      const gss = await inTls();
      gss.write(gssRequest);
      expect(((await once(gss, 'data'))[0] as Buffer).toString()).toBe('N');
      gss.write(startupPacket(names));
      const [answer] = (await once(gss, 'data')) as [Buffer];
      expect(answer.toString('latin1')).toMatch(/SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0$/);
      gss.destroy();
    });

    test('a client that has not seen SCRAM-SHA-256-PLUS was offered it: somebody has removed it', async () => {
      const socket = await inTls();
      socket.write(startupPacket(names));
      await once(socket, 'data');
      socket.write(saslInitial('SCRAM-SHA-256', 'y,,n=,r=abcdefghijklmnop'));
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(errorFields(answer)).toMatchObject({
        C: '08P01',
        M: expect.stringContaining('channel binding was offered') as string,
      });
    });

    test('who passes TLS on with a certificate of their own is told from the gateway by channel binding', async () => {
      const { certPem, keyPem } = await (await createTestAuthority()).issue({ dns: ['localhost'] });
      const relay = createServer((near) => {
        near.once('data', () => {
          near.write('S');
          const secureContext = createSecureContext({ cert: certPem, key: keyPem });
          const shown = new TLSSocket(near, { isServer: true, secureContext });
          shown.on('error', () => undefined);
          void inTls().then((far) => shown.pipe(far).pipe(shown));
        });
      }).listen(0, '127.0.0.1');
      await once(relay, 'listening');
      const before = gateway.gatekeeper.attempts.length;
      const at = { port: (relay.address() as AddressInfo).port };
      const bound = target({ PGSSLMODE: 'require', PGCHANNELBINDING: 'require' }, at);
      expect((await psql(bound, ['-c', 'select 1'])).stderr).toContain(
        'sees another certificate than the one',
      );
      // The proof of who does not bind would have been looked at.
      expect(gateway.gatekeeper.attempts).toHaveLength(before);
      relay.close();
    });

    test('direct TLS has to name its protocol, and another one is refused', async () => {
      const direct = (ALPNProtocols: string[]) =>
        connectTls({
          port: gateway.port,
          host: '127.0.0.1',
          ca: readFileSync(gateway.caFile),
          ALPNProtocols,
        });
      const unnamed = direct([]);
      await once(unnamed, 'close');
      expect(gateway.gatekeeper.rejections.at(-1)?.refusal.problem.message).toContain('without the name');
      const http = direct(['http/1.1']);
      const [error] = (await once(http, 'error')) as [Error];
      expect(error.message).toMatch(/no application protocol/);
    });

    test('over a unix socket there is none, as the server has it', async () => {
      const socket = await rawSocket(join(gateway.socketDir, `.s.PGSQL.${gateway.port}`));
      socket.write(sslRequest);
      await socket.until((received) => received.length === 1);
      expect(socket.received().toString()).toBe('N');
      socket.destroy();
    });

    test('a handshake of nonsense is closed, and a half one by the clock', async () => {
      const socket = await rawSocket(gateway.port);
      socket.write(Buffer.concat([Buffer.from([0x16, 3, 1, 0, 4]), Buffer.from('nope')]));
      const { received } = await socket.closed();
      expect(frames(received).some(({ type }) => type === 'R')).toBe(false);
    });
  });

  describeWith([pgbouncerPart], 'PgBouncer in front', () => {
    test('verifies the gateway, and logs in with a token', async () => {
      const bouncer = await startPgbouncer(
        { ...server, port: gateway.port, superuser: gateway.user, password: gateway.token },
        'session',
        {
          asOwnUser: true,
          database: 'sales',
          more: ['server_tls_sslmode = verify-full', `server_tls_ca_file = ${gateway.caFile}`],
        },
      );
      try {
        const at = target({ PGSSLMODE: 'disable' }, { port: bouncer.port });
        expect(await psql(at, ['-c', 'select current_user'])).toMatchObject({ stdout: 'postgres\n' });
      } finally {
        await bouncer.close();
      }
    });
  });
});
