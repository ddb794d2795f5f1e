import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGatewayHost } from '../../main/gateway/host.ts';
import { startGatewayThreads } from '../../main/gateway/threads.ts';
import type { GatewayLimits } from '../../main/gateway/limits.ts';
import type {
  GatewayHost,
  ListenerSettings,
  ScramParameters,
  UpstreamAddress,
  UpstreamLogin,
} from '../../main/gateway/ports.ts';
import { buildWorker } from '../support/builds.ts';
import { createTestAuthority } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { type TestGatekeeper, createTestGatekeeper } from '../support/gatekeeper.ts';
import type { PostgresServer } from '../support/postgres.ts';

export interface TestGateway {
  host: GatewayHost;
  gatekeeper: TestGatekeeper;
  scram: ScramParameters;
  port: number;
  /** For `psql -h`. */
  socketDir: string;
  token: string;
  user: string;
  database: string;
  /** PEM file of the authority of its certificate, with `clientTls`. */
  caFile: string;
  /** What the gateway wrote to its log: faults of its own. */
  log: string[];
  close(): Promise<void>;
}

export interface TestGatewayOptions {
  upstream: Partial<UpstreamAddress> & { port: number };
  login: UpstreamLogin;
  listener?: Partial<ListenerSettings>;
  limits?: Partial<GatewayLimits>;
  /** Offers TLS, with a certificate for localhost and 127.0.0.1. */
  clientTls?: boolean;
}

/** A gateway with one listener (TCP and unix socket) in its worker thread, in front of any upstream. */
export async function startTestGateway(options: TestGatewayOptions): Promise<TestGateway> {
  const token = `lk_${randomBytes(24).toString('base64url')}`;
  const scram = { salt: randomBytes(16), iterations: 4096 };
  const gatekeeper = await createTestGatekeeper(token, scram, options.login);
  const log: string[] = [];
  const host = await startGatewayHost({
    gatekeeper,
    scram,
    threads: startGatewayThreads({ workerUrl: await buildWorker(), log: (line) => log.push(line) }),
    log: (line) => log.push(line),
    // Tests of the delay itself set it; everybody else need not wait.
    limits: { wrongTokenMs: 10, ...options.limits },
  });
  const socketDir = mkdtempSync(join(tmpdir(), 'latchkey-gw-'));
  const port = await freePort();
  const caFile = join(socketDir, 'ca.pem');
  const authority = options.clientTls === true ? await createTestAuthority() : undefined;
  const certificate = await authority?.issue({ dns: ['localhost'], ip: ['127.0.0.1'] });
  if (authority !== undefined) writeFileSync(caFile, authority.caPem);
  const failures = await host.open([
    {
      connection: 'sales',
      protocol: 'postgresql',
      host: '127.0.0.1',
      port,
      socketPath: join(socketDir, `.s.PGSQL.${port}`),
      clientAuth: 'scram-sha-256',
      databases: ['sales'],
      maxSessions: 100,
      ...(certificate === undefined
        ? {}
        : { clientTls: { certificate: certificate.certPem, key: certificate.keyPem } }),
      ...options.listener,
      upstream: {
        host: '127.0.0.1',
        tls: { mode: 'off' },
        allowedMethods: [],
        connectTimeoutMs: 5000,
        ...options.upstream,
      },
    },
  ]);
  const close = async (): Promise<void> => {
    await host.close();
    rmSync(socketDir, { recursive: true, force: true });
  };
  if (failures.length > 0) {
    await close();
    throw new Error(JSON.stringify(failures));
  }
  return {
    host,
    gatekeeper,
    scram,
    port,
    socketDir,
    token,
    user: 'ann@contoso.example',
    database: 'sales',
    caFile,
    log,
    close,
  };
}

/** A gateway in front of a real server, logged in as its superuser over plain loopback. */
export function gatewayTo(
  server: PostgresServer,
  options: Partial<TestGatewayOptions> = {},
): Promise<TestGateway> {
  return startTestGateway({
    login: { user: server.superuser, database: 'postgres', password: server.password },
    ...options,
    upstream: { port: server.port, ...options.upstream },
  });
}
