import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { TLSSocket, createSecureContext } from 'node:tls';
import fc from 'fast-check';
import { gatewayTo, startTestGateway, type TestGateway } from '../gateway/fixture.ts';
import { createTestAuthority } from '../support/certificates.ts';
import { parts } from '../support/parts.ts';
import { startFakeUpstream } from '../support/fake-upstream.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { type Fault, faultKinds, noFault, startShakyRelay } from '../support/shaky-relay.ts';
import { count, inLanes, slack, within, type Target } from './target.ts';

const sizes = { quick: 30, full: 2_000 };
const recoveryMs = 2_000;
/** For reaching the server and for its login, so that a stall costs little. */
const stepMs = 500;
/** A query that the server stalls is the client's to give up. */
const patienceMs = 500;
const lanes = 8;
/** The server's bytes of a login and a query are about 700: a fault beyond comes never. */
const maxAfter = 900;
const strangers = 20;

/** PostgreSQL alone: what waits, ends and recovers is common to all protocols. */
export const upstreamFaults: Target = {
  name: 'upstream-faults',
  bound: `2,000 random upstream faults: 0 hung sessions, 0 credentials to an unverified peer, the next login within ${recoveryMs / 1000} s`,
  async run(size) {
    const server = await startPostgres();
    try {
      const faults = fc.sample(
        fc.record({ after: fc.nat(maxAfter), kind: fc.constantFrom(...faultKinds) }),
        sizes[size],
      );
      const each = Math.ceil(faults.length / lanes);
      const found = { hung: 0, slowest: 0, told: 0 };
      await inLanes(lanes, lanes, async (lane) => {
        const one = await suffer(server, faults.slice(lane * each, (lane + 1) * each), slack(size));
        found.hung += one.hung;
        found.told += one.told;
        found.slowest = Math.max(found.slowest, one.slowest);
      });
      const { refused, spoken } = await meetStrangers();
      return {
        figure:
          `${count(faults.length)} faults, ${count(found.told)} of them met a client, ${found.hung} sessions hung; ` +
          `the slowest login afterwards took ${found.slowest.toFixed(0)} ms; ` +
          `${refused} of ${strangers} unverified servers refused, ${spoken} bytes said to them`,
        pass:
          found.hung === 0 &&
          found.slowest <= recoveryMs * slack(size) &&
          refused === strangers &&
          spoken === 0,
      };
    } finally {
      await server.close();
    }
  },
};

async function suffer(
  server: PostgresServer,
  faults: readonly Fault[],
  patience: number,
): Promise<{ hung: number; slowest: number; told: number }> {
  const relay = await startShakyRelay(server.port);
  const gateway = await gatewayTo(server, { upstream: { port: relay.port, connectTimeoutMs: stepMs } });
  const found = { hung: 0, slowest: 0, told: 0 };
  try {
    for (const fault of faults) {
      relay.fault = fault;
      const started = performance.now();
      if (!(await works(gateway))) found.told += 1;
      // Two steps of the login at most, the query, and the time that a client takes.
      if (performance.now() - started > (2 * stepMs + patienceMs + 1_000) * patience) found.hung += 1;
      relay.fault = noFault;
      const again = performance.now();
      let recovered = false;
      while (!recovered && performance.now() - again < recoveryMs * patience)
        recovered = await works(gateway, 10 * patienceMs);
      found.slowest = Math.max(
        found.slowest,
        recovered ? performance.now() - again : Number.POSITIVE_INFINITY,
      );
    }
    // Every login that was allowed has an end.
    const { ended, attempts } = gateway.gatekeeper;
    if (!(await within(5_000 * patience, () => ended.length === attempts.length)))
      found.hung += attempts.length - ended.length;
  } finally {
    await gateway.close();
    relay.close();
  }
  return found;
}

/**
 * Logs in and asks something: false where that failed, in whatever way. A process of its own, since bytes that a fault
 * has changed may bring any client down.
 */
async function works({ port, token, user, database }: TestGateway, queryMs = patienceMs): Promise<boolean> {
  const client = spawn(parts.psql.path ?? 'psql', ['-X', '-q', '-c', '\\warn connected', '-c', 'select 1'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 60_000,
    env: {
      PATH: process.env['PATH'],
      PGHOST: '127.0.0.1',
      PGPORT: String(port),
      PGUSER: user,
      PGDATABASE: database,
      PGPASSWORD: token,
      PGSSLMODE: 'disable',
    },
  });
  let tooLong: NodeJS.Timeout | undefined;
  client.stderr.once('data', () => {
    tooLong = setTimeout(() => client.kill('SIGKILL'), queryMs);
  });
  const [code] = (await once(client, 'close')) as [number | null];
  clearTimeout(tooLong);
  return code === 0;
}

/** Servers that show a certificate of another authority, or of another name, or want none of TLS. */
async function meetStrangers(): Promise<{ refused: number; spoken: number }> {
  const [ours, theirs] = [await createTestAuthority(), await createTestAuthority()];
  const shown = [
    await theirs.issue({ dns: ['localhost'], ip: ['127.0.0.1'] }),
    await ours.issue({ dns: ['elsewhere.example'] }),
    undefined,
  ];
  const requestLength = 8;
  let [visits, spoken, refused] = [0, 0, 0];
  const stranger = await startFakeUpstream(async (visit) => {
    const certificate = shown[visits % shown.length];
    visits += 1;
    await visit.firstBytes();
    if (certificate === undefined) {
      visit.socket.write('N');
      visit.socket.on('data', (bytes: Buffer) => (spoken += bytes.length));
      return;
    }
    spoken += visit.received().length - requestLength;
    visit.socket.removeAllListeners('data');
    const secureContext = createSecureContext({ cert: certificate.certPem, key: certificate.keyPem });
    const secure = new TLSSocket(visit.socket, { isServer: true, secureContext });
    secure.on('error', () => undefined).on('data', (bytes: Buffer) => (spoken += bytes.length));
    visit.socket.write('S');
  });
  const gateway = await startTestGateway({
    upstream: { port: stranger.port, tls: { mode: 'verify', ca: ours.caPem }, connectTimeoutMs: stepMs },
    login: { user: 'reader', database: 'sales', password: 'for the true server only' },
  });
  try {
    for (let index = 0; index < strangers; index += 1) if (!(await works(gateway))) refused += 1;
    // Otherwise nothing would have been tried.
    if (visits < strangers) throw new Error(`only ${visits} of ${strangers} logins came to the stand-in`);
  } finally {
    await gateway.close();
    await stranger.close();
  }
  return { refused, spoken };
}
