import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { createConnection } from 'mariadb';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { UpstreamAddress } from '../../main/gateway/ports.ts';
import { checkUpstream } from '../../main/gateway/upstream-check.ts';
import { type CertificateFolder, makeCertificates, openssl } from '../support/client-certificates.ts';
import { type MariadbServer, mariadbParts, patient, startMariadb } from '../support/mariadb.ts';
import { describeWith, parts } from '../support/parts.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { startTdsServer } from '../support/tds-server.ts';
import { type TestGateway, startTestGateway } from './fixture.ts';
import { startMysqlGateway } from './mysql/fixture.ts';
import { tedious } from './sqlserver/drivers.ts';

type Tls = Omit<UpstreamAddress['tls'], 'mode'>;
const digits = (fingerprint: string): string => fingerprint.replaceAll(':', '').toLowerCase();
const other = 'ab'.repeat(32);

/** Logs in at the gateway and gets one row; on a refusal, message and hint. */
async function outcome({ port, user, token }: Pick<TestGateway, 'port' | 'user' | 'token'>): Promise<string> {
  const client = new Client({ host: '127.0.0.1', port, user, database: 'sales', password: token });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ cn: string | null }>(
      'select client_dn as cn from pg_stat_ssl where pid = pg_backend_pid()',
    );
    return `in, as ${rows[0]?.cn ?? 'nobody'}`;
  } catch (error) {
    const { message, hint = '' } = error as { message: string; hint?: string };
    return `${message} ${hint}`;
  } finally {
    await client.end().catch(() => undefined);
  }
}

describeWith([parts.postgres, openssl], "PostgreSQL's certificate, and the client's", () => {
  let files: CertificateFolder;
  let server: PostgresServer;
  beforeAll(async () => {
    files = makeCertificates('postgres');
    server = await startPostgres({
      settings: {
        ssl: 'on',
        ssl_ca_file: files.ca,
        ssl_cert_file: files.serverCertificate,
        ssl_key_file: files.serverKey,
      },
      hba: ['hostssl all certified all scram-sha-256 clientcert=verify-full'],
    });
    await server.query(`create role certified login password 'upstream'`);
  });
  afterAll(async () => {
    await server.close();
    files.close();
  });

  async function logIn(tls: Tls, login: { user: string; clientKey?: string }): Promise<string> {
    const password = login.user === 'certified' ? 'upstream' : server.password;
    const gateway = await startTestGateway({
      upstream: { port: server.port, host: 'localhost', tls: { mode: 'verify', ...tls } },
      login: { database: 'postgres', password, ...login },
    });
    const result = await outcome(gateway);
    const ended = gateway.gatekeeper.ended.map(({ problem }) => problem?.code);
    await gateway.close();
    return result.startsWith('in') ? result : `${result} ${ended.join()}`;
  }

  test('of an unknown authority: its fingerprint is told, and is enough to accept it', async () => {
    const seen = digits(files.fingerprint);
    const refused = await logIn({}, { user: 'postgres' });
    expect(refused).toMatch(/not issued by an authority that is trusted here/);
    expect(refused).toContain(`sha256:${seen}`);
    expect(await logIn({ fingerprint: seen }, { user: 'postgres' })).toBe('in, as nobody');
  });

  test('another certificate than the one of the fingerprint gets no password, whoever issued it', async () => {
    const refused = await logIn({ fingerprint: other, ca: files.caPem }, { user: 'postgres' });
    expect(refused).toMatch(/shows another certificate than the one with the configured fingerprint/);
    expect(refused).toMatch(/upstream-tls-failed$/);
    expect(refused).toContain(digits(files.fingerprint));
  });

  test('clientcert=verify-full: in with certificate and key, else a sentence', async () => {
    const { certificate, key } = files.client('certified');
    const wrong = files.client('somebody');
    const tls = { ca: files.caPem, clientCertificate: certificate };
    expect(await logIn(tls, { user: 'certified', clientKey: key })).toBe('in, as /CN=certified');
    expect(await logIn({ ca: files.caPem }, { user: 'certified' })).toMatch(/client certificate/);
    expect(await logIn(tls, { user: 'certified', clientKey: wrong.key })).toMatch(
      /stored client key .*does not belong to the client certificate.*credential-failed/,
    );
    expect(await logIn(tls, { user: 'certified', clientKey: 'no key' })).toMatch(
      /no private key in PEM form/,
    );
  });

  test('the doctor looks without a login', async () => {
    const address: UpstreamAddress = {
      host: 'localhost',
      port: server.port,
      tls: { mode: 'verify', ca: files.caPem },
      allowedMethods: [],
      connectTimeoutMs: 5000,
    };
    const look = (tls: Tls = {}) =>
      checkUpstream(
        'postgresql',
        { ...address, tls: { ...address.tls, ...tls } },
        new AbortController().signal,
      );
    expect(await look()).toContain(`sha256:${digits(files.fingerprint)}) is verified.`);
    await expect(look({ fingerprint: other })).rejects.toMatchObject({ code: 'upstream-tls-failed' });
  });
});

describeWith([mariadbParts.server, openssl], "MariaDB's certificate, and the client's", () => {
  let files: CertificateFolder;
  let server: MariadbServer;
  beforeAll(async () => {
    files = makeCertificates('mysql');
    server = await startMariadb({
      settings: {
        'ssl-ca': files.ca,
        'ssl-cert': files.serverCertificate,
        'ssl-key': files.serverKey,
      },
    });
    await server.query(`create user certified@'127.0.0.1' identified by 'upstream' require x509`);
    await server.query(`grant all on *.* to certified@'127.0.0.1'`);
  });
  afterAll(async () => {
    await server.close();
    files.close();
  });

  async function logIn(tls: Tls, login: { clientKey?: string } = {}): Promise<string> {
    const gateway = await startMysqlGateway({
      upstream: { port: server.port, tls: { mode: 'verify', ...tls } },
      login: { user: 'certified', database: server.database, password: 'upstream', ...login },
    });
    try {
      const { port, user, token: password } = gateway;
      const connection = await createConnection({ ...patient, host: '127.0.0.1', port, user, password });
      const rows = (await connection.query('select current_user() as name')) as { name: string }[];
      await connection.end();
      return `in, as ${rows[0]?.name}`;
    } catch (error) {
      return (error as Error).message;
    } finally {
      await gateway.close();
    }
  }

  test('REQUIRE X509 and a fingerprint', async () => {
    const { certificate, key } = files.client('certified');
    const seen = digits(files.fingerprint);
    const both = { fingerprint: seen, clientCertificate: certificate };
    expect(await logIn(both, { clientKey: key })).toBe('in, as certified@127.0.0.1');
    expect(await logIn({ ca: files.caPem, clientCertificate: certificate }, { clientKey: key })).toMatch(
      /^in/,
    );
    expect(await logIn({ fingerprint: seen })).toMatch(/refused the login|Access denied/);
    expect(await logIn({ fingerprint: other })).toMatch(/shows another certificate/);
    expect(await logIn({})).toContain(`sha256:${seen}`);
  });

  test('the doctor looks without a login', async () => {
    const address: UpstreamAddress = {
      host: '127.0.0.1',
      port: server.port,
      tls: { mode: 'verify', fingerprint: digits(files.fingerprint) },
      allowedMethods: [],
      connectTimeoutMs: 5000,
    };
    expect(await checkUpstream('mysql', address, new AbortController().signal)).toMatch(
      /is the configured one\.$/,
    );
  });
});

describeWith([openssl], "SQL Server's certificate, and the client's", () => {
  test('a fingerprint, and a certificate of the client', async () => {
    const files = makeCertificates(userInfo().username);
    const read = (path: string): string => readFileSync(path, 'utf8');
    const server = await startTdsServer({
      logins: { reporting: 'upstream' },
      tls: {
        cert: read(files.serverCertificate),
        key: read(files.serverKey),
        ca: files.caPem,
        requestCert: true,
        rejectUnauthorized: true,
      },
    });
    const logIn = async (tls: Tls, clientKey?: string): Promise<string> => {
      const gateway = await startTestGateway({
        listener: { protocol: 'sqlserver' },
        upstream: { port: server.port, tls: { mode: 'verify', ...tls } },
        login: {
          user: 'reporting',
          database: 'sales',
          password: 'upstream',
          ...(clientKey === undefined ? {} : { clientKey }),
        },
      });
      const { port, user, token: password } = gateway;
      try {
        const connection = await tedious({ port, user, password, database: 'sales', encrypt: false });
        await connection.close();
        return 'in';
      } catch (error) {
        return (error as Error).message;
      } finally {
        await gateway.close();
      }
    };
    try {
      const { certificate, key } = files.client('reporting');
      const fingerprint = digits(files.fingerprint);
      expect(await logIn({ fingerprint, clientCertificate: certificate }, key)).toBe('in');
      expect(await logIn({ fingerprint: other, clientCertificate: certificate }, key)).toMatch(
        /shows another certificate/,
      );
      expect(await logIn({ fingerprint })).not.toBe('in');
    } finally {
      await server.close();
      files.close();
    }
  });
});
