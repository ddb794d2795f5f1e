import { DBusReader, DBusWriter, typesOf } from './values.ts';

/** D-Bus specification, "Message Protocol". */
export interface DBusMessage {
  type: 'call' | 'return' | 'error' | 'signal';
  serial: number;
  /** Of a call: whether the bus may start the service that it is for; by default yes. */
  autoStart?: boolean;
  path?: string;
  interface?: string;
  member?: string;
  errorName?: string;
  /** Of the call that this answers. */
  replySerial?: number;
  destination?: string;
  sender?: string;
  signature: string;
  body: unknown[];
}

const kinds = ['call', 'return', 'error', 'signal'] as const;
const fields = {
  1: ['path', 'o'],
  2: ['interface', 's'],
  3: ['member', 's'],
  4: ['errorName', 's'],
  5: ['replySerial', 'u'],
  6: ['destination', 's'],
  7: ['sender', 's'],
  8: ['signature', 'g'],
} as const;
const noAutoStart = 0x2;
const fixedLength = 16;
/** Far more than any answer that is asked for here; the bus itself allows 128 MiB. */
const longest = 1024 * 1024;

export function encodeMessage(message: DBusMessage): Buffer {
  const body = new DBusWriter();
  for (const [index, type] of typesOf(message.signature).entries()) body.write(type, message.body[index]);
  const bodyBytes = body.bytes();
  const header = new DBusWriter();
  const flags = message.autoStart === false ? noAutoStart : 0;
  for (const byte of [0x6c, kinds.indexOf(message.type) + 1, flags, 1]) header.write('y', byte);
  header.write('u', bodyBytes.length);
  header.write('u', message.serial);
  const given = Object.entries(fields).flatMap(([code, [name, type]]) => {
    const value = message[name];
    return value === undefined || value === '' ? [] : [[Number(code), { signature: type, value }]];
  });
  header.write('a(yv)', given);
  header.align(8);
  return Buffer.concat([header.bytes(), bodyBytes]);
}

/**
 * The message at the start of the bytes and its length, or undefined while it is not there as a whole.
 * @throws TypeError or RangeError where these bytes are no message
 */
export function decodeMessage(bytes: Buffer): { message: DBusMessage; length: number } | undefined {
  if (bytes.length < fixedLength) return undefined;
  const little = bytes[0] === 0x6c;
  if (!little && bytes[0] !== 0x42) throw new TypeError('no D-Bus message');
  const numberAt = (at: number): number => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const headerLength = fixedLength + Math.ceil(numberAt(12) / 8) * 8;
  const length = headerLength + numberAt(4);
  if (length > longest) throw new RangeError('a D-Bus message is too long');
  if (bytes.length < length) return undefined;
  const whole = bytes.subarray(0, length);
  const message: DBusMessage = {
    type: kinds[(bytes[1] ?? 0) - 1] ?? 'signal',
    serial: numberAt(8),
    signature: '',
    body: [],
  };
  for (const [code, value] of new DBusReader(whole, little, 12).read('a(yv)') as [number, unknown][]) {
    const [name, type] = fields[code as keyof typeof fields] ?? [];
    if (name === undefined) continue;
    if (typeof value !== (type === 'u' ? 'number' : 'string')) throw new TypeError('no D-Bus header');
    Object.assign(message, { [name]: value });
  }
  const reader = new DBusReader(whole, little, headerLength);
  message.body = typesOf(message.signature).map((type) => reader.read(type));
  return { message, length };
}
