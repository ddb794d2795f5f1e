import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/** Packets and TLS of the stand-in for SQL Server. Written apart from the gateway's own codecs. */

export interface Request {
  type: number;
  status: number;
  payload: Buffer;
}

export interface Wire {
  /** The next message of the client; undefined when it is gone. An attention is given to `onAttention` at once. */
  next(): Promise<Request | undefined>;
  /** Sends a message, or a part of one; resolves when there is room for more. */
  send(payload: Buffer, last?: boolean): Promise<void>;
  startTls(options: {
    cert: string;
    key: string;
    ca?: string;
    requestCert?: boolean;
    rejectUnauthorized?: boolean;
  }): Promise<TLSSocket>;
  /** TLS before anything else, as TDS 8.0 has it: to be called before anything has come. */
  startStrictTls(options: { cert: string; key: string }): Promise<TLSSocket>;
  onAttention(handler: () => void): void;
  setPacketSize(size: number): void;
  spid: number;
  socket: Socket;
}

const prelogin = 0x12;

/**
 * @param on `broken`: the client broke the rule that a TLS record holds whole packets, none longer than agreed; `shared`: one
 * holds several.
 */
export function createWire(raw: Socket, spid: number, on: { broken(): void; shared(): void }): Wire {
  let stream: Socket = raw;
  let buffered: Buffer = Buffer.alloc(0);
  let parts: Buffer[] = [];
  let gone = false;
  let packetSize = 4096;
  let outgoing: Buffer = Buffer.alloc(0);
  let sequence = 1;
  const requests: Request[] = [];
  let wake = (): void => undefined;
  let attention = (): void => undefined;

  const feed = (chunk: Buffer): void => {
    buffered = Buffer.concat([buffered, chunk]);
    while (buffered.length >= 8) {
      const length = buffered.readUInt16BE(2);
      if (length < 8 || buffered.length < length) break;
      const packet = buffered.subarray(0, length);
      buffered = buffered.subarray(length);
      if (packet[0] === 6) {
        attention();
        continue;
      }
      parts.push(packet.subarray(8));
      if ((packet.readUInt8(1) & 1) === 0) continue;
      requests.push({
        type: packet.readUInt8(0),
        status: packet.readUInt8(1),
        payload: Buffer.concat(parts),
      });
      parts = [];
    }
    wake();
  };
  /** SQL Server hangs up here. */
  const checkRecord = (chunk: Buffer): void => {
    let at = 0;
    let count = 0;
    while (at + 8 <= chunk.length) {
      at += Math.max(chunk.readUInt16BE(at + 2), 8);
      count += 1;
    }
    if (count > 1) on.shared();
    if (at === chunk.length && chunk.length <= packetSize) return;
    on.broken();
    stream.destroy();
  };
  const end = (): void => {
    gone = true;
    wake();
  };
  raw.on('data', feed).on('error', () => undefined);
  raw.on('end', end).on('close', end);

  const packets = (type: number, payload: Buffer, last: boolean): Buffer => {
    const room = packetSize - 8;
    outgoing = Buffer.concat([outgoing, payload]);
    const ready: Buffer[] = [];
    for (;;) {
      const final = last && outgoing.length <= room;
      if (!final && outgoing.length <= room) break;
      const body = outgoing.subarray(0, room);
      outgoing = outgoing.subarray(room);
      const header = Buffer.from([type, final ? 1 : 0, 0, 0, spid >> 8, spid & 0xff, sequence++ & 0xff, 0]);
      header.writeUInt16BE(body.length + 8, 2);
      ready.push(header, body);
      if (final) break;
    }
    return Buffer.concat(ready);
  };

  const over = async (tls: TLSSocket): Promise<TLSSocket> => {
    stream = tls;
    tls.on('error', () => raw.destroy()).on('close', end);
    await new Promise<void>((resolve, reject) => {
      tls.once('secure', resolve).once('close', () => reject(new Error('no handshake')));
    });
    tls.on('data', (chunk: Buffer) => {
      checkRecord(chunk);
      feed(chunk);
    });
    return tls;
  };

  return {
    spid,
    get socket() {
      return stream;
    },
    onAttention: (handler) => {
      attention = handler;
    },
    setPacketSize: (size) => {
      packetSize = size;
    },
    async next() {
      if (requests.length === 0 && !gone)
        await new Promise<void>((resolve) => {
          wake = () => {
            if (requests.length > 0 || gone) resolve();
          };
        });
      return requests.shift();
    },
    send(payload, last = true) {
      const bytes = packets(4, payload, last);
      if (last) sequence = 1;
      if (bytes.length === 0 || stream.destroyed || stream.write(bytes)) return Promise.resolve();
      return new Promise((resolve) => {
        stream.once('drain', resolve);
        stream.once('close', resolve);
      });
    },
    async startTls(options) {
      raw.off('data', feed);
      const duplex = handshakeDuplex(raw, (payload) => packets(prelogin, payload, true));
      return over(new TLSSocket(duplex, { isServer: true, maxVersion: 'TLSv1.2', ...options }));
    },
    startStrictTls(options) {
      raw.off('data', feed);
      return over(new TLSSocket(raw, { isServer: true, ALPNProtocols: ['tds/8.0'], ...options }));
    },
  };
}

/** What the client sends raw ends the handshake, and nothing is sent in between. */
function handshakeDuplex(raw: Socket, wrap: (payload: Buffer) => Buffer): Duplex {
  let plain = false;
  let buffered: Buffer = Buffer.alloc(0);
  const write = (chunk: Buffer, done: (error?: Error | null) => void): void =>
    void raw.write(plain ? chunk : wrap(chunk), done);
  const duplex = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _, done) => write(chunk, done),
    writev: (chunks, done) => write(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), done),
    final: (done) => void raw.end(done),
    destroy: (error, done) => {
      raw.destroy();
      done(error);
    },
  });
  const unwrapOne = (): boolean => {
    if (plain || buffered[0] !== prelogin || buffered.length < 8) return false;
    const length = buffered.readUInt16BE(2);
    if (buffered.length < length) return false;
    duplex.push(buffered.subarray(8, length));
    buffered = buffered.subarray(length);
    return true;
  };
  raw.on('data', (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    for (let found = unwrapOne(); found; found = unwrapOne());
    if (buffered.length === 0 || (!plain && buffered[0] === prelogin)) return;
    plain = true;
    duplex.push(buffered);
    buffered = Buffer.alloc(0);
  });
  raw.on('end', () => duplex.push(null));
  raw.on('close', () => duplex.destroy());
  return duplex;
}
