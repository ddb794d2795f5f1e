import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { brokerProof, challengePath, clientProof } from '../../main/api/proof.ts';
import type { AppState } from '../../main/contract/state.ts';

export interface ConnectBroker {
  /** Bodies of the requests, by route, in order. */
  asked: { route: string; body: unknown }[];
  state: AppState;
  /** What the next handle is. */
  handle: string;
  token: string;
  /** What happens on the machine while a handle is issued. */
  meanwhile(): void;
  close(): Promise<void>;
}

/** Of every answer: nobody listens here but the test's own command. */
const nonce = 'n'.repeat(43);
const bearer = 'open';
const now = new Date(Date.UTC(2026, 10, 25)).toISOString();

const account = {
  provider: 'entra',
  tenantId: 't',
  objectId: 'o',
  username: 'bruno@fabrikam.example',
  displayName: 'Bruno',
};

/** A state with somebody signed in and one connection of each protocol. */
function signedIn(port: number): AppState {
  const group = { id: '5f1c2a3e-0000-4000-8000-000000000001', name: 'Analysts' };
  const connection = (
    name: string,
    protocol: 'postgresql' | 'mysql' | 'sqlserver',
  ): AppState['connections'][number] => ({
    name,
    title: `The ${name}`,
    protocol,
    host: '127.0.0.1',
    port,
    database: name,
    listener: { kind: 'listening' },
    ready: false,
    lacks: [],
    grants: [{ role: 'reader', group, tokenLifetimeSeconds: 900, objectId: account.objectId }],
  });
  const person = { account, groups: [group], groupsReadAt: now, since: now, until: now };
  return {
    version: '0.0.0',
    localTenant: false,
    providers: [],
    signIn: { kind: 'signed-in', ...person },
    accounts: [person],
    connections: [
      connection('sales', 'postgresql'),
      connection('shop', 'mysql'),
      connection('erp', 'sqlserver'),
    ],
    tokens: [],
    databaseSessions: [],
    handles: [],
    prompts: [],
    seal: { kind: 'keychain' },
    audit: { kind: 'writing', path: '/audit' },
  };
}

/**
 * What the command asks of a broker, over the real HTTP; it keeps nothing and lets everybody in. The whole broker is
 * tested elsewhere.
 * @param databasePort where the connections are said to be
 */
export async function startConnectBroker(home: string, databasePort: number): Promise<ConnectBroker> {
  const broker: ConnectBroker = {
    asked: [],
    state: signedIn(databasePort),
    handle: `lkh_${'A'.repeat(46)}`,
    token: `lk_${'B'.repeat(46)}`,
    meanwhile: () => undefined,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  const placeOf = (connection: string) => ({
    connection,
    username: 'bruno@fabrikam.example',
    host: '127.0.0.1',
    port: databasePort,
    database: connection,
    expiresAt: now,
  });
  const answers: Record<string, (body: { connection: string }) => object> = {
    'GET /v1/state': () => ({ revision: 1, state: broker.state }),
    'POST /v1/handles': ({ connection }) => {
      broker.meanwhile();
      return {
        id: 'handle-1',
        handle: broker.handle,
        tool: 'a tool',
        ...placeOf(connection),
      };
    },
    'POST /v1/handles/revoke': () => ({}),
    'POST /v1/tokens': ({ connection }) => ({
      id: 'token-1',
      token: broker.token,
      protocol: 'postgresql',
      role: 'reader',
      command: 'psql',
      ...placeOf(connection),
    }),
    'POST /v1/tokens/revoke': () => ({ revoked: 1 }),
  };
  const server = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      const route = `${request.method} ${request.url}`;
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
      if (pathname === challengePath) {
        const proof = brokerProof(bearer, searchParams.get('nonce') ?? '', nonce);
        response.end(JSON.stringify({ nonce, proof }));
        return;
      }
      const proof = clientProof(bearer, nonce, request.method ?? '', request.url ?? '');
      const allowed = request.headers.authorization === `Latchkey ${proof}`;
      const answer = allowed ? answers[route] : undefined;
      const parsed = body === '' ? undefined : (JSON.parse(body) as { connection: string });
      if (route !== 'GET /v1/state') broker.asked.push({ route, body: parsed });
      response.statusCode = answer === undefined ? 404 : 200;
      response.end(
        JSON.stringify({
          schemaVersion: 2,
          ...(answer?.(parsed ?? { connection: '' }) ?? { problem: { code: 'internal', message: route } }),
        }),
      );
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  mkdirSync(join(home, 'run'), { recursive: true });
  const description = {
    pid: process.pid,
    version: '0.0.0',
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bearer,
  };
  writeFileSync(join(home, 'run', 'api.json'), JSON.stringify(description), { mode: 0o600 });
  return broker;
}
