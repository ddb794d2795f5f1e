import { Client } from 'pg';
import type { ListenerSettings } from '../../main/gateway/ports.ts';
import { freePort } from '../support/free-port.ts';
import type { PostgresServer } from '../support/postgres.ts';

export const token = 'lk_token';
export const scram = { salt: Buffer.alloc(16, 7), iterations: 4096 };

/** What the gatekeeper of these tests logs in with upstream. */
export function loginAt({ password }: Pick<PostgresServer, 'password'>) {
  return { user: 'postgres', database: 'postgres', password };
}

/** A connection on a free port, without TLS on either side. */
export async function plainListener(
  { port }: Pick<PostgresServer, 'port'>,
  connection: string,
): Promise<ListenerSettings> {
  return {
    connection,
    protocol: 'postgresql',
    host: '127.0.0.1',
    port: await freePort(),
    clientAuth: 'password',
    databases: ['sales'],
    maxSessions: 10,
    upstream: {
      host: '127.0.0.1',
      port,
      tls: { mode: 'off' },
      allowedMethods: [],
      connectTimeoutMs: 2000,
    },
  };
}

/** Logs in there with {@link token}. */
export async function connectTo(port: number, host = '127.0.0.1'): Promise<Client> {
  const client = new Client({ host, port, user: 'ann', database: 'sales', password: token });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
