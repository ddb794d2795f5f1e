import {
  type Capabilities,
  capabilities,
  extendedCapabilities,
} from '../../../main/gateway/mysql/capabilities.ts';
import { type Greeting, parseGreeting } from '../../../main/gateway/mysql/greeting.ts';
import {
  type HandshakeResponse,
  encodeHandshakeResponse,
} from '../../../main/gateway/mysql/handshake-response.ts';
import { nativeResponse } from '../../../main/gateway/mysql/proofs.ts';
import { packet } from '../../../main/gateway/mysql/wire.ts';
import { type RawSocket, rawSocket } from '../../support/raw-socket.ts';

export interface WirePacket {
  sequence: number;
  payload: Buffer;
}

/** All whole packets in these bytes. */
export function packets(bytes: Buffer): WirePacket[] {
  const found: WirePacket[] = [];
  for (let offset = 0; offset + 4 <= bytes.length;) {
    const end = offset + 4 + bytes.readUIntLE(offset, 3);
    if (end > bytes.length) break;
    found.push({ sequence: bytes.readUInt8(offset + 3), payload: bytes.subarray(offset + 4, end) });
    offset = end;
  }
  return found;
}

/** Number, SQLSTATE and message of the last packet, which must be an error. */
export function lastError(bytes: Buffer): {
  number: number;
  sqlState: string;
  message: string;
  sequence: number;
} {
  const last = packets(bytes).at(-1);
  if (last?.payload[0] !== 0xff) throw new Error(`no error: ${bytes.toString('latin1')}`);
  const { payload, sequence } = last;
  const marked = payload[3] === 0x23;
  return {
    number: payload.readUInt16LE(1),
    sqlState: marked ? payload.toString('latin1', 4, 9) : '',
    message: payload.toString('utf8', marked ? 9 : 3),
    sequence,
  };
}

/** The flags of a modern client of MariaDB, without TLS; leave some out with `without`. */
export const modernFlags =
  capabilities.protocol41 +
  capabilities.secureConnection +
  capabilities.pluginAuth +
  capabilities.pluginAuthLengthEncoded +
  capabilities.connectWithDatabase +
  capabilities.connectAttributes +
  capabilities.deprecateEof +
  capabilities.sessionTrack +
  2 ** 16 + // several statements
  2 ** 17 + // several results
  2 ** 18; // several results of prepared statements

export const modernExtended = Object.values(extendedCapabilities).reduce((sum, flag) => sum + flag, 0);

export interface RawClient {
  socket: RawSocket;
  greeting: Greeting;
  /** Everything after the greeting. */
  received(): Buffer;
  send(sequence: number, payload: Uint8Array): void;
  /** Sends a command and waits until `count` more packets have come. */
  command(payload: Uint8Array | string, count: number): Promise<WirePacket[]>;
  /** Waits until `count` packets have come since the greeting. */
  packets(count: number): Promise<WirePacket[]>;
}

export async function rawClient(port: number): Promise<RawClient> {
  const socket = await rawSocket(port);
  const first = await socket.until((bytes) => packets(bytes).length > 0);
  const [hello] = packets(first);
  const greeting = parseGreeting(hello?.payload ?? Buffer.alloc(0));
  const start = 4 + (hello?.payload.length ?? 0);
  const received = (): Buffer => socket.received().subarray(start);
  const wait = async (count: number): Promise<WirePacket[]> => {
    await socket.until((bytes) => packets(bytes.subarray(start)).length >= count);
    return packets(received());
  };
  return {
    socket,
    greeting,
    received,
    send: (sequence, payload) => socket.write(packet(sequence, payload)),
    async command(payload, count) {
      const before = packets(received()).length;
      socket.write(packet(0, Buffer.from(payload as string)));
      return (await wait(before + count)).slice(before);
    },
    packets: wait,
  };
}

/** A complete login by mysql_native_password; resolves when the server has said OK. */
export async function rawLogin(
  port: number,
  token: string,
  spoken: Capabilities = { flags: modernFlags, extended: modernExtended },
  more: Partial<HandshakeResponse> = {},
): Promise<RawClient> {
  const client = await rawClient(port);
  client.send(1, loginPacket(client.greeting, token, spoken, more));
  const [answer] = await client.packets(1);
  if (answer?.payload[0] !== 0x00) throw new Error(`refused: ${lastError(client.received()).message}`);
  return client;
}

export function loginPacket(
  greeting: Greeting,
  token: string,
  spoken: Capabilities = { flags: modernFlags, extended: modernExtended },
  more: Partial<HandshakeResponse> = {},
): Buffer {
  return encodeHandshakeResponse({
    capabilities: spoken,
    maxPacket: 2 ** 24,
    charset: 45,
    user: 'ann@contoso.example',
    response: nativeResponse(token, greeting.scramble),
    database: 'sales',
    plugin: 'mysql_native_password',
    attributes: Buffer.alloc(0),
    ...more,
  });
}
