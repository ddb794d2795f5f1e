import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { capabilities } from '../../../main/gateway/mysql/capabilities.ts';
import { encodeGreeting, parseGreeting } from '../../../main/gateway/mysql/greeting.ts';
import {
  encodeHandshakeResponse,
  parseHandshakeResponse,
  parseSslRequest,
} from '../../../main/gateway/mysql/handshake-response.ts';
import { nativeResponse } from '../../../main/gateway/mysql/proofs.ts';
import { packet } from '../../../main/gateway/mysql/wire.ts';
import { createTestAuthority } from '../../support/certificates.ts';
import type { MariadbServer } from '../../support/mariadb.ts';
import { packets } from './raw-client.ts';
import { errorPayload, type ServerSide, startScriptedServer, switchTo } from './scripted-server.ts';

export interface EntraFront {
  port: number;
  caPem: string;
  /** The access tokens that are good now. */
  good: Set<string>;
  /** Those that were shown, in their order. */
  shown: string[];
  close(): Promise<void>;
}

/**
 * Lets a real MariaDB take logins as Azure's servers do: over TLS, by an access token in place of a password. What comes
 * behind the login is the server's own, thread id and KILL among it.
 */
export async function startEntraFront(server: MariadbServer): Promise<EntraFront> {
  const authority = await createTestAuthority();
  const certificate = await authority.issue({ dns: ['localhost'], ip: ['127.0.0.1'] });
  const good = new Set<string>();
  const shown: string[] = [];

  async function serve(side: ServerSide): Promise<void> {
    const far = connect(server.port, '127.0.0.1').on('error', () => undefined);
    side.socket.once('close', () => far.destroy());
    const greeting = parseGreeting(await firstPayload(far));
    const offered = (greeting.capabilities.flags | capabilities.ssl) >>> 0;
    side.send(encodeGreeting({ ...greeting, capabilities: { ...greeting.capabilities, flags: offered } }));
    const start = parseSslRequest(await side.next());
    side.secure(certificate);
    const hello = parseHandshakeResponse(await side.next(), start, offered);
    side.send(switchTo('mysql_clear_password', Buffer.alloc(0)));
    const token = (await side.next()).toString('utf8').replace(/\0$/, '');
    shown.push(token);
    if (!good.has(token)) {
      side.send(errorPayload(9105, 'The access token has expired'));
      side.socket.end();
      return;
    }
    const answer = firstPayload(far);
    far.write(
      packet(
        1,
        encodeHandshakeResponse({
          ...hello,
          capabilities: {
            ...start.capabilities,
            flags: (start.capabilities.flags & ~capabilities.ssl) >>> 0,
          },
          user: server.user,
          response: nativeResponse(server.password, greeting.scramble),
          plugin: 'mysql_native_password',
        }),
      ),
    );
    side.send(await answer);
    side.socket.removeAllListeners('data');
    side.socket.pipe(far).pipe(side.socket);
  }

  const scripted = await startScriptedServer(serve);
  return {
    port: scripted.port,
    caPem: authority.caPem,
    good,
    shown,
    close: () => scripted.close(),
  };
}

/** The payload of the packet that comes next; nothing may come behind it. */
async function firstPayload(socket: Socket): Promise<Buffer> {
  let received = Buffer.alloc(0);
  for (;;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    received = Buffer.concat([received, chunk]);
    const [first] = packets(received);
    if (first !== undefined) return first.payload;
  }
}
