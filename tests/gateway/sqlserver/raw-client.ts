import { type RawSocket, rawSocket } from '../../support/raw-socket.ts';

/** Builds and reads TDS by hand, for clients that no driver would be. */
export function packet(type: number, payload: Uint8Array, status = 1): Buffer {
  const header = Buffer.from([type, status, 0, 0, 0, 0, 1, 0]);
  header.writeUInt16BE(payload.length + 8, 2);
  return Buffer.concat([header, payload]);
}

/** Options with their data, in this order. */
export function prelogin(options: [number, number[]][]): Buffer {
  let offset = options.length * 5 + 1;
  const index: number[] = [];
  for (const [token, data] of options) {
    index.push(token, offset >> 8, offset & 0xff, data.length >> 8, data.length & 0xff);
    offset += data.length;
  }
  return Buffer.from([...index, 0xff, ...options.flatMap(([, data]) => data)]);
}
export const plainPrelogin = packet(
  0x12,
  prelogin([
    [0, [16, 0, 0, 0, 0, 0]],
    [1, [2]],
    [4, [0]],
  ]),
);

export interface Login7Fields {
  version?: number;
  user?: string;
  password?: string;
  database?: string;
  program?: string;
  host?: string;
  server?: string;
  language?: string;
  library?: string;
  flags2?: number;
  flags3?: number;
  sspi?: Buffer;
  attach?: string;
  /** Bytes behind the list's pointer, with the end byte. */
  features?: Buffer;
  /** Changes the finished message. */
  bend?(message: Buffer): void;
}

export function login7(fields: Login7Fields): Buffer {
  const version = fields.version ?? 0x74000004;
  const fixed = version >>> 24 === 0x71 ? 86 : 94;
  const head = Buffer.alloc(fixed);
  head.writeUInt32LE(version, 4);
  head.writeUInt32LE(4096, 8);
  head[24] = 0xe0;
  head[25] = fields.flags2 ?? 0x03;
  head[27] = (fields.flags3 ?? 0) | (fields.features === undefined ? 0 : 0x10);
  const texts: Buffer[] = [];
  let offset = fixed;
  const put = (entry: number, bytes: Buffer, unit = 2): void => {
    head.writeUInt16LE(offset, entry);
    head.writeUInt16LE(bytes.length / unit, entry + 2);
    texts.push(bytes);
    offset += bytes.length;
  };
  const wide = (text: string): Buffer => Buffer.from(text, 'utf16le');
  const hidden = wide(fields.password ?? '').map((byte) => (((byte & 0x0f) << 4) | (byte >> 4)) ^ 0xa5);
  put(36, wide(fields.host ?? 'raw-host'));
  put(40, wide(fields.user ?? 'ann'));
  put(44, Buffer.from(hidden));
  put(48, wide(fields.program ?? 'raw'));
  put(52, wide(fields.server ?? 'anything'));
  const pointer = Buffer.alloc(fields.features === undefined ? 0 : 4);
  put(56, pointer, 1);
  put(60, wide(fields.library ?? 'raw-library'));
  put(64, wide(fields.language ?? ''));
  put(68, wide(fields.database ?? 'sales'));
  put(78, fields.sspi ?? Buffer.alloc(0), 1);
  put(82, wide(fields.attach ?? ''));
  if (fields.features !== undefined) {
    pointer.writeUInt32LE(offset);
    texts.push(fields.features);
  }
  const message = Buffer.concat([head, ...texts]);
  message.writeUInt32LE(message.length, 0);
  fields.bend?.(message);
  return packet(0x10, message);
}

/** Whole packets at the start of these bytes. */
export function packets(bytes: Buffer): { type: number; last: boolean; spid: number; payload: Buffer }[] {
  const found = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const length = bytes.readUInt16BE(at + 2);
    if (length < 8 || at + length > bytes.length) break;
    found.push({
      type: bytes.readUInt8(at),
      last: (bytes.readUInt8(at + 1) & 1) !== 0,
      spid: bytes.readUInt16BE(at + 4),
      payload: bytes.subarray(at + 8, at + length),
    });
    at += length;
  }
  return found;
}

export interface ErrorFields {
  number: number;
  state: number;
  severity: number;
  message: string;
}

/** The ERROR token at the start of the payload, and whether a DONE with the error bit is all that follows. */
export function errorIn(payload: Buffer, old = false): ErrorFields & { done: boolean } {
  if (payload[0] !== 0xaa) throw new Error(`no ERROR token: ${payload.toString('hex').slice(0, 40)}`);
  const length = payload.readUInt16LE(1);
  const done = payload.subarray(3 + length);
  return {
    number: payload.readUInt32LE(3),
    state: payload.readUInt8(7),
    severity: payload.readUInt8(8),
    message: payload.toString('utf16le', 11, 11 + payload.readUInt16LE(9) * 2),
    done: done.length === (old ? 9 : 13) && done[0] === 0xfd && done[1] === 2,
  };
}

/** Sends PRELOGIN and then this, and gives what came for each. */
export async function logIn(
  port: number,
  login: Buffer,
): Promise<{ socket: RawSocket; answer: ReturnType<typeof packets>[number] }> {
  const socket = await rawSocket(port);
  socket.write(plainPrelogin);
  await socket.until((received) => packets(received).length === 1);
  socket.write(login);
  const received = await socket.until((bytes) => packets(bytes).length >= 2);
  const answer = packets(received)[1];
  if (answer === undefined) throw new Error('no answer');
  return { socket, answer };
}

export const batch = (sql: string): Buffer => {
  const headers = Buffer.alloc(22);
  headers.writeUInt32LE(22, 0);
  headers.writeUInt32LE(18, 4);
  headers.writeUInt16LE(2, 8);
  headers.writeUInt32LE(1, 18);
  return packet(1, Buffer.concat([headers, Buffer.from(sql, 'utf16le')]));
};
