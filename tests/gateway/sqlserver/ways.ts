import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createTestAuthority } from '../../support/certificates.ts';
import { type TdsServer, startTdsServer } from '../../support/tds-server.ts';
import { type TestGateway, startTestGateway } from '../fixture.ts';
import type { TediousTarget } from './drivers.ts';

export const upstreamPassword = "S3cret'for the database";
const reporting = { user: 'reporting', database: 'sales', password: upstreamPassword };

/**
 * Ways to a database. Every client is tried against the stand-in first: what fails there says nothing of the gateway.
 * Then the same goes through gateways of all kinds of encryption.
 */
export interface Ways {
  plainServer: TdsServer;
  tlsServer: TdsServer;
  plainGateway: TestGateway;
  tlsGateway: TestGateway;
  /** What `tlsGateway` shows to clients. */
  clientTls: { certificate: string; key: string };
  to(way: Way): TediousTarget;
  close(): Promise<void>;
}

export const ways = [
  'the stand-in',
  'the stand-in, encrypted',
  'a gateway',
  'a gateway with encryption on both sides',
  'a gateway with encryption to the upstream only',
  'a gateway with TLS first (TDS 8.0)',
] as const;
export type Way = (typeof ways)[number];
/** What drivers other than tedious can do. */
export const inside = ways.slice(0, 5);
export const unencrypted = ways.filter((way) => ways.indexOf(way) % 2 === 0);

export async function startWays(): Promise<Ways> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-tds-'));
  const caFile = join(folder, 'ca.pem');
  const authority = await createTestAuthority();
  writeFileSync(caFile, authority.caPem);
  const { certPem, keyPem } = await authority.issue({ dns: ['localhost'], ip: ['127.0.0.1'] });
  const clientTls = { certificate: certPem, key: keyPem };
  const logins = { reporting: upstreamPassword };
  const plainServer = await startTdsServer({ logins });
  const tlsServer = await startTdsServer({ logins, tls: { cert: certPem, key: keyPem } });
  const plainGateway = await startTestGateway({
    upstream: { port: plainServer.port },
    login: reporting,
    listener: { protocol: 'sqlserver' },
  });
  const tlsGateway = await startTestGateway({
    upstream: { port: tlsServer.port, host: 'localhost', tls: { mode: 'verify', ca: authority.caPem } },
    login: reporting,
    listener: { protocol: 'sqlserver', clientTls },
  });
  const direct = ({ port }: TdsServer): TediousTarget => ({ port, ...reporting });
  const through = ({ port, user, token, database }: TestGateway): TediousTarget => ({
    port,
    user,
    password: token,
    database,
  });
  const encrypted = { encrypt: true, ca: authority.caPem, caFile };
  const targets: Record<Way, TediousTarget> = {
    'the stand-in': direct(plainServer),
    'the stand-in, encrypted': { ...direct(tlsServer), ...encrypted },
    'a gateway': through(plainGateway),
    'a gateway with encryption on both sides': { ...through(tlsGateway), ...encrypted },
    'a gateway with encryption to the upstream only': through(tlsGateway),
    'a gateway with TLS first (TDS 8.0)': {
      ...through(tlsGateway),
      ca: authority.caPem,
      encrypt: 'strict',
      options: { tdsVersion: '8_0' },
    },
  };
  return {
    plainServer,
    tlsServer,
    plainGateway,
    tlsGateway,
    clientTls,
    to: (way) => targets[way],
    async close() {
      await plainGateway.close();
      await tlsGateway.close();
      await plainServer.close();
      await tlsServer.close();
      rmSync(folder, { recursive: true, force: true });
      expect([plainGateway.log, tlsGateway.log]).toEqual([[], []]);
      expect([plainServer.brokenRecords, tlsServer.brokenRecords]).toEqual([0, 0]);
    },
  };
}
