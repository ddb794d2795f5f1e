import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { TLSSocket, createSecureContext } from 'node:tls';
import { type Capabilities, capabilities } from '../../../main/gateway/mysql/capabilities.ts';
import { type Greeting, encodeGreeting } from '../../../main/gateway/mysql/greeting.ts';
import { packet } from '../../../main/gateway/mysql/wire.ts';
import type { IssuedCertificate } from '../../support/certificates.ts';

/**
 * A stand-in for what Debian has no server of: MySQL with its own methods of authentication, and servers that misbehave.
 * The methods are checked against mysql2 and the MariaDB connector before the gateway meets them.
 */
export interface ServerSide {
  /** Sends a packet with the number that is due, or with this one. */
  send(payload: Uint8Array | string, sequence?: number): void;
  write(bytes: Uint8Array): void;
  /**
   * Payload of the next packet. Rejects when the other side is gone. The gateway's question which server this is comes
   * behind each login, and is answered with an error on the way.
   */
  next(): Promise<Buffer>;
  /** Waits for that question alone, and does not tell. */
  refuseToTell(): Promise<void>;
  /** Turns to TLS, after an SSLRequest. */
  secure(certificate: IssuedCertificate): void;
  /** All that has been received, decrypted where TLS was begun. */
  received(): Buffer;
  socket: Socket;
}

export interface ScriptedServer {
  port: number;
  sides: ServerSide[];
  close(): Promise<void>;
}

/** `script` is called for each connection; it may throw for one that goes away. */
export async function startScriptedServer(
  script: (side: ServerSide, index: number) => void | Promise<void>,
  host = '127.0.0.1',
): Promise<ScriptedServer> {
  const sides: ServerSide[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const side = createSide(socket);
    sides.push(side);
    void Promise.resolve(script(side, sides.length - 1)).catch(() => socket.destroy());
  });
  server.listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sides,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function createSide(raw: Socket): ServerSide {
  let socket = raw;
  let received: Buffer = Buffer.alloc(0);
  let taken = 0;
  let sequence = 0;
  let gone = false;
  const waiting = new Set<() => void>();
  const notify = (): void => {
    for (const check of waiting) check();
  };
  const onData = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    notify();
  };
  const listen = (): void => {
    socket.on('data', onData).on('error', () => undefined);
    socket.on('close', () => {
      gone = true;
      notify();
    });
  };
  listen();
  const nextPacket = (): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const length = received.length < taken + 4 ? Infinity : received.readUIntLE(taken, 3);
        const end = taken + 4 + length;
        if (received.length < end && !gone) return;
        waiting.delete(check);
        if (received.length < end) {
          reject(new Error('gone'));
          return;
        }
        sequence = (received.readUInt8(taken + 3) + 1) & 0xff;
        const payload = received.subarray(taken + 4, end);
        taken = end;
        resolve(payload);
      };
      waiting.add(check);
      check();
    });
  const isQuestion = (payload: Buffer): boolean => payload.includes('@@server_id');
  const refuse = (): void =>
    side.send(Buffer.from('\u00ff\u0048\u0004#HY000Unknown system variable', 'latin1'));
  const side: ServerSide = {
    socket,
    received: () => received,
    write: (bytes) => void socket.write(bytes),
    send(payload, number = sequence) {
      socket.write(packet(number, Buffer.from(payload as string)));
      sequence = (number + 1) & 0xff;
    },
    async next() {
      const payload = await nextPacket();
      if (!isQuestion(payload)) return payload;
      refuse();
      return side.next();
    },
    async refuseToTell() {
      if (!isQuestion(await nextPacket())) throw new Error('another command');
      refuse();
    },
    secure(certificate) {
      socket.removeAllListeners('data');
      socket.pause();
      const early = received.subarray(taken);
      received = received.subarray(0, taken);
      if (early.length > 0) socket.unshift(early);
      const secureContext = createSecureContext({ cert: certificate.certPem, key: certificate.keyPem });
      socket = new TLSSocket(socket, { isServer: true, secureContext });
      side.socket = socket;
      listen();
    },
  };
  return side;
}

/** The flags of MySQL 8.4. */
export const mysqlFlags = 0xdf_ff_ff_ff;
export const scramble = Buffer.from('abcdefghijklmnopqrst');

export function greetingPayload(more: Partial<Greeting> = {}, offered: Partial<Capabilities> = {}): Buffer {
  return encodeGreeting({
    version: '8.4.3',
    threadId: 7,
    scramble,
    charset: 255,
    status: 2,
    plugin: 'caching_sha2_password',
    ...more,
    capabilities: {
      flags: (mysqlFlags & ~capabilities.ssl) >>> 0,
      extended: 0,
      ...offered,
    },
  });
}

export const okPayload = Buffer.from([0, 0, 0, 2, 0, 0, 0]);
export const switchTo = (plugin: string, data: Uint8Array = scramble): Buffer =>
  Buffer.concat([Buffer.from([0xfe]), Buffer.from(`${plugin}\0`), data, Buffer.alloc(1)]);
export const errorPayload = (number: number, message: string): Buffer =>
  Buffer.concat([Buffer.from([0xff, number & 0xff, number >>> 8]), Buffer.from(`#HY000${message}`)]);
