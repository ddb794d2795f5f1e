import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { ProtocolName } from '../../main/contract/protocols.ts';
import type { MadeHandle } from '../../main/contract/shapes.ts';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { freePort } from '../support/free-port.ts';
import { createLatchkey, type Latchkey, storeFirst } from '../support/latchkey.ts';
import type { MatrixClient } from './clients.ts';
import { type MatrixServers, startServers } from './servers.ts';

/** Where a client logs in, with a token and a handle that are its own. */
interface Place {
  port: number;
  user: string;
  database: string;
  token: string;
  handle: string;
  /** Cuts the sessions that the handle has opened. */
  cut(): Promise<void>;
  close(): Promise<void>;
}

export interface MatrixWorld {
  /** PEM file of the installation's authority. */
  authority: string;
  place(client: MatrixClient): Promise<Place>;
  /** Waits until the server runs this statement, or one that has it inside. */
  underWay(protocol: ProtocolName, statement: string): Promise<void>;
  close(): Promise<void>;
}

const person = 'ada@fabrikam.example';
/** For clients that cannot do SCRAM. */
const clearTextName = 'sales-clear';
const names: Record<ProtocolName, string> = { postgresql: 'sales', mysql: 'shop', sqlserver: 'ledger' };

/**
 * The servers, and `latchkey serve` in front of them.
 * @param direct takes the servers themselves for the gateways, to hold the programs against
 */
export async function startMatrixWorld(direct = false): Promise<MatrixWorld> {
  const password = randomBytes(12).toString('hex');
  const servers = await startServers(password);
  try {
    return await serveBefore(servers, password, direct);
  } catch (error) {
    await servers.close();
    throw error;
  }
}

async function serveBefore(servers: MatrixServers, password: string, direct: boolean): Promise<MatrixWorld> {
  const connections = await connectionsTo(servers.ports);
  const latchkey = await createLatchkey(servers.world, {
    keyFile: true,
    configure(configuration) {
      configuration.connections = connections as unknown as typeof configuration.connections;
    },
  });
  await storeFirst(latchkey, 'matrix', password);
  await latchkey.signIn(person);
  return {
    authority: join(latchkey.home, 'certificates', 'latchkey-ca.pem'),
    place: (client) => (direct ? directPlace(servers, client, password) : gatewayPlace(latchkey, client)),
    async underWay(protocol, statement) {
      const deadline = Date.now() + 15_000;
      while (!(await servers.runs(protocol, statement))) {
        if (Date.now() > deadline) throw new Error(`"${statement}" does not arrive at the server`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async close() {
      await latchkey.close();
      await servers.close();
    },
  };
}

async function connectionsTo(ports: MatrixServers['ports']): Promise<object[]> {
  const connection = async (protocol: ProtocolName, name: string, more: object): Promise<object> => ({
    name,
    protocol,
    port: await freePort(),
    askForPrograms: 'never',
    upstream: { host: '127.0.0.1', port: ports[protocol], database: 'matrix', tls: { mode: 'off' } },
    rules: [{ group: fabrikam.groups.dataAnalysts, role: 'matrix', password: { stored: 'matrix' } }],
    ...more,
  });
  return [
    await connection('postgresql', names.postgresql, {}),
    await connection('postgresql', clearTextName, { clientAuth: 'password' }),
    await connection('mysql', names.mysql, { localInfile: true }),
    await connection('sqlserver', names.sqlserver, {}),
  ];
}

async function gatewayPlace(latchkey: Latchkey, { protocol, name, variant }: MatrixClient): Promise<Place> {
  const api = await latchkey.client();
  const request = {
    connection: variant === 'clear-text' ? clearTextName : names[protocol],
    ...(variant === 'short' ? { short: true } : {}),
  };
  const { token, id } = (await api.post('/v1/tokens', request)) as { token: string; id: string };
  const handle = (await api.post('/v1/handles', { ...request, tool: name })) as MadeHandle;
  return {
    port: handle.port,
    user: handle.username,
    database: handle.database,
    token,
    handle: handle.handle,
    async cut() {
      const own = ({ handleId }: { handleId?: string | undefined }): boolean => handleId === handle.id;
      const { databaseSessions } = await latchkey.until((state) => state.databaseSessions.some(own));
      for (const session of databaseSessions.filter(own))
        await api.post('/v1/sessions/cut', { id: session.id });
    },
    async close() {
      await api.post('/v1/handles/revoke', { id: handle.id });
      await api.post('/v1/tokens/revoke', { id });
    },
  };
}

async function directPlace(
  { ports, cut }: MatrixServers,
  { protocol }: MatrixClient,
  password: string,
): Promise<Place> {
  return {
    port: ports[protocol],
    user: 'matrix',
    database: 'matrix',
    token: password,
    handle: password,
    cut: () => cut(protocol),
    close: () => Promise.resolve(),
  };
}
