import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket, createSecureContext } from 'node:tls';
import { createTestAuthority } from '../support/certificates.ts';

/** A login with an Entra token, as a PostgreSQL server of Azure gets it: the token is the password. */
export interface EntraLogin {
  user: string;
  /** `application_name` of the startup message. */
  program: string;
  /** `oid` of the token. */
  objectId: string;
}

export interface EntraDatabase {
  port: number;
  caFile: string;
  logins: EntraLogin[];
  close(): Promise<void>;
}

/** Takes every login over TLS and keeps whose token came with it; it answers no query. */
export async function startEntraDatabase(): Promise<EntraDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'lk-entra-db-'));
  const caFile = join(folder, 'ca.pem');
  const authority = await createTestAuthority();
  await writeFile(caFile, authority.caPem);
  const { certPem, keyPem } = await authority.issue({ dns: ['localhost'], ip: ['127.0.0.1'] });
  const secureContext = createSecureContext({ cert: certPem, key: keyPem });
  const logins: EntraLogin[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    // SSLRequest, or the cancel request of a session that has been cut.
    socket.once('data', () => {
      socket.write('S');
      serve(new TLSSocket(socket, { isServer: true, secureContext }), logins);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    caFile,
    logins,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** PostgreSQL's message flow, 55.2.1: startup, cleartext password, ready. */
function serve(socket: TLSSocket, logins: EntraLogin[]): void {
  let received = Buffer.alloc(0);
  let startup: Map<string, string> | undefined;
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (startup === undefined) {
      if (received.length < 4 || received.length < received.readInt32BE(0)) return;
      const length = received.readInt32BE(0);
      const texts = received.toString('utf8', 8, length).split('\0');
      startup = new Map(
        texts.flatMap((text, at) => (at % 2 === 0 && text !== '' ? [[text, texts[at + 1] ?? '']] : [])),
      );
      received = received.subarray(length);
      socket.write(message('R', Buffer.from([0, 0, 0, 3])));
    }
    if (received.length < 5 || received[0] !== 0x70 || received.length < 1 + received.readInt32BE(1)) return;
    const password = received.toString('utf8', 5, received.readInt32BE(1));
    received = received.subarray(1 + received.readInt32BE(1));
    const claims = JSON.parse(Buffer.from(password.split('.')[1] ?? '', 'base64url').toString()) as {
      oid?: string;
    };
    logins.push({
      user: startup.get('user') ?? '',
      program: startup.get('application_name') ?? '',
      objectId: claims.oid ?? '',
    });
    socket.write(
      Buffer.concat([
        message('R', Buffer.alloc(4)),
        message('S', Buffer.from('server_version\u000016.0\u0000')),
        message('K', Buffer.alloc(8, 1)),
        message('Z', Buffer.from('I')),
      ]),
    );
  });
}

function message(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.write(type, 'latin1');
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}
