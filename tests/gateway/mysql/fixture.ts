import { randomBytes } from 'node:crypto';
import { createGateway } from '../../../main/gateway/gateway.ts';
import { startGatewayHost } from '../../../main/gateway/host.ts';
import { startGatewayThreads } from '../../../main/gateway/threads.ts';
import { type GatewayLimits, defaultLimits } from '../../../main/gateway/limits.ts';
import { certificateSignature, checkMysqlProof, mysqlVerifier } from '../../../main/gateway/mysql/proofs.ts';
import type {
  GatewayHost,
  ListenerSettings,
  LoginAttempt,
  UpstreamAddress,
  UpstreamLogin,
} from '../../../main/gateway/ports.ts';
import { buildWorker } from '../../support/builds.ts';
import { createTestAuthority } from '../../support/certificates.ts';
import { freePort } from '../../support/free-port.ts';
import { type TestGatekeeper, createTestGatekeeper } from '../../support/gatekeeper.ts';
import type { MariadbServer } from '../../support/mariadb.ts';

export interface MysqlGateway {
  host: GatewayHost;
  gatekeeper: TestGatekeeper;
  /** Every proof that came, in order. */
  proofs: LoginAttempt['proof'][];
  port: number;
  token: string;
  user: string;
  database: string;
  /** What the gateway wrote to its log: faults of its own, and upstreams that were stopped. */
  log: string[];
  /** For clients that verify the gateway's certificate; absent without client TLS. */
  caPem?: string;
  close(): Promise<void>;
}

export interface MysqlGatewayOptions {
  upstream: Partial<UpstreamAddress> & { port: number };
  login: UpstreamLogin;
  listener?: Partial<ListenerSettings>;
  limits?: Partial<GatewayLimits>;
  /** Offers TLS to clients. */
  clientTls?: boolean;
  /** Runs in a worker thread of its own, as in the application; starting one takes a second. */
  worker?: boolean;
}

/** A gateway with one MySQL listener, in front of any upstream. */
export async function startMysqlGateway(options: MysqlGatewayOptions): Promise<MysqlGateway> {
  const token = `lk_${randomBytes(24).toString('base64url')}`;
  const verifier = mysqlVerifier(token);
  const scram = { salt: randomBytes(16), iterations: 4096 };
  const gatekeeper = await createTestGatekeeper(token, scram, options.login);
  const proofs: LoginAttempt['proof'][] = [];
  const { authorize } = gatekeeper;
  gatekeeper.authorize = async (attempt) => {
    const { proof } = attempt;
    proofs.push(proof);
    if (proof.kind !== 'mysql-native' && proof.kind !== 'caching-sha2') return authorize(attempt);
    const password = checkMysqlProof(verifier, proof) ? token : '';
    const decision = await authorize({ ...attempt, proof: { kind: 'password', password } });
    if (!decision.allow || proof.kind !== 'mysql-native' || proof.certificate === undefined) return decision;
    const serverSignature = certificateSignature(verifier.nativeDouble, proof.scramble, proof.certificate);
    return { ...decision, serverSignature };
  };
  const log: string[] = [];
  // Tests may replace the function later.
  const asked = { ...gatekeeper, authorize: (attempt: LoginAttempt) => gatekeeper.authorize(attempt) };
  // Tests of the delay itself set it; everybody else need not wait.
  const limits = { ...defaultLimits, wrongTokenMs: 10, ...options.limits };
  const host =
    options.worker === true
      ? await startGatewayHost({
          gatekeeper: asked,
          scram,
          limits,
          threads: startGatewayThreads({ workerUrl: await buildWorker(), log: (line) => log.push(line) }),
          log: (line) => log.push(line),
        })
      : createGateway({
          gatekeeper: asked,
          scram,
          limits,
          elevatedTools: 'refuse',
          onFault: (error) => log.push(String(error)),
        });
  const port = await freePort();
  const authority = options.clientTls === true ? await createTestAuthority() : undefined;
  const certificate = await authority?.issue({ dns: ['localhost'], ip: ['127.0.0.1'] });
  const failures = await host.open([
    {
      connection: 'sales',
      protocol: 'mysql',
      host: '127.0.0.1',
      port,
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
  if (failures.length > 0) {
    await host.close();
    throw new Error(JSON.stringify(failures));
  }
  return {
    host,
    gatekeeper,
    proofs,
    port,
    token,
    user: 'ann@contoso.example',
    database: 'sales',
    log,
    ...(authority === undefined ? {} : { caPem: authority.caPem }),
    close: () => host.close(),
  };
}

/** A gateway in front of a real server, logged in over plain loopback as a user with every right. */
export function mysqlGatewayTo(
  server: MariadbServer,
  options: Partial<MysqlGatewayOptions> = {},
): Promise<MysqlGateway> {
  return startMysqlGateway({
    login: { user: server.user, database: server.database, password: server.password },
    ...options,
    upstream: { port: server.port, ...options.upstream },
  });
}
