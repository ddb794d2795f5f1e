import { ProtocolError } from '../refused.ts';
import { createFields, uint16, uint32, utf16 } from './fields.ts';

/** LOGIN7: [MS-TDS] 2.2.6.4. Pure: bytes in, values out. */
export interface Login7 {
  tdsVersion: number;
  /** The 36 bytes in front of the offsets (length, version, packet size, flags, zone, language) as they came. */
  head: Buffer;
  hostName: string;
  userName: string;
  password: string;
  appName: string;
  serverName: string;
  /** The client's library. */
  interfaceName: string;
  language: string;
  database: string;
  /** 6 bytes, most often of a network address. */
  clientId: Buffer;
  /** The client wants a login by Windows (SSPI), and no password counts. */
  integrated: boolean;
  attachFile: string;
  /** The client wants the login's password changed. */
  changesPassword: boolean;
  /** "FeatureExt" (2.2.6.4, since TDS 7.4); undefined where the client sent no such list. */
  features: Feature[] | undefined;
}

export interface Feature {
  id: number;
  data: Buffer;
}

export const featureIds = { sessionRecovery: 0x01, fedAuth: 0x02 } as const;
const listEnd = 0xff;

/** "128K-1 bytes": 2.2.6.4. */
export const maxLogin7 = 128 * 1024 - 1;
/** Most texts have 128 characters at most: 2.2.6.4. */
export const maxTextLength = 128;
const maxPathLength = 260;
const maxFeatures = 64;

const headLength = 36;
const flags2 = 25;
const flags3 = 27;
const integratedBit = 0x80;
const changePasswordBit = 0x01;
const extensionBit = 0x10;

/** The bytes that stand for 7.0 and 7.1 in LOGIN7; LOGINACK has 0x07 for both as well (2.2.7.14). */
const before72 = new Set([0x07, 0x70, 0x71]);

/** Versions 7.0 and 7.1 have shorter ERROR, DONE and LOGIN7 structures; 8.0 is 7.4 inside TLS. */
export function isBefore72(tdsVersion: number): boolean {
  return before72.has(tdsVersion >>> 24);
}

/** TDS 7.4, the newest version that is spoken without TLS around everything. */
export const tds74 = 0x74000004;
export const tds80 = 0x08000000;
export const tds73b = 0x730b0003;

/** ChangePassword and SSPILong came with 7.2. */
function fixedLength(tdsVersion: number): number {
  return isBefore72(tdsVersion) ? 86 : 94;
}

/**
 * The password's bytes in `message` are overwritten: the message is of no use afterwards.
 * @param password `discard`: it is overwritten unread, and empty in what is returned.
 * @throws ProtocolError where anything points outside of the message or is too long.
 */
export function parseLogin7(message: Buffer, password: 'take' | 'discard' = 'take'): Login7 {
  if (message.length < 86) throw new ProtocolError('its LOGIN7 message is too short');
  const length = message.readUInt32LE(0);
  const tdsVersion = message.readUInt32LE(4);
  const fixed = fixedLength(tdsVersion);
  if (length > message.length || length < fixed)
    throw new ProtocolError('its LOGIN7 message has an impossible length');

  const part = (entry: number, unit: 1 | 2, limit: number): Buffer => {
    const offset = message.readUInt16LE(entry);
    const size = message.readUInt16LE(entry + 2) * unit;
    if (size === 0) return Buffer.alloc(0);
    if (size > limit * unit) throw new ProtocolError('a text in its LOGIN7 message is too long');
    if (offset < fixed || offset + size > length)
      throw new ProtocolError('its LOGIN7 message points outside of itself');
    return message.subarray(offset, offset + size);
  };
  const text = (entry: number, limit = maxTextLength): string => part(entry, 2, limit).toString('utf16le');

  const secret = part(44, 2, maxTextLength);
  if (password === 'discard') secret.fill(0);
  const flags = message.readUInt8(flags3);
  const login: Login7 = {
    tdsVersion,
    head: Buffer.from(message.subarray(0, headLength)),
    hostName: text(36),
    userName: text(40),
    password: password === 'take' ? takePassword(secret) : '',
    appName: text(48),
    serverName: text(52, 0xffff),
    interfaceName: text(60),
    language: text(64),
    database: text(68),
    clientId: Buffer.from(message.subarray(72, 78)),
    integrated: (message.readUInt8(flags2) & integratedBit) !== 0 || message.readUInt16LE(80) > 0,
    attachFile: text(82, maxPathLength),
    changesPassword: (flags & changePasswordBit) !== 0,
    features: undefined,
  };
  // Clients set the bit for older versions too, and send nothing.
  if ((flags & extensionBit) !== 0 && message.readUInt16LE(58) > 0) {
    const pointer = part(56, 1, 0xffff);
    if (pointer.length < 4) throw new ProtocolError('its LOGIN7 message has a malformed extension');
    login.features = parseFeatures(message.subarray(0, length), pointer.readUInt32LE(0));
  }
  return login;
}

function parseFeatures(message: Buffer, start: number): Feature[] {
  if (start >= message.length) throw new ProtocolError('its LOGIN7 message points outside of itself');
  return readFeatures(createFields(message.subarray(start)));
}

/** A list of features up to its end byte, as LOGIN7 and FEATUREEXTACK (2.2.7.11) have it. */
export function readFeatures(fields: ReturnType<typeof createFields>): Feature[] {
  const features: Feature[] = [];
  for (let id = fields.uint8(); id !== listEnd; id = fields.uint8()) {
    if (features.length === maxFeatures) throw new ProtocolError('a list of features has no end');
    features.push({ id, data: Buffer.from(fields.bytes(fields.uint32())) });
  }
  return features;
}

export function encodeFeatures(features: Feature[]): Buffer {
  const entries = features.map(({ id, data }) =>
    Buffer.concat([Buffer.from([id]), uint32(data.length), data]),
  );
  return Buffer.concat([...entries, Buffer.from([listEnd])]);
}

/** Texts longer than the protocol has room for are not checked here: they would not fit and must not come this far. */
export function encodeLogin7(login: Login7): Buffer {
  const fixed = fixedLength(login.tdsVersion);
  const { features } = login;
  const head = Buffer.from(login.head);
  head.writeUInt32LE(login.tdsVersion, 4);
  const has = (bit: number, on: boolean): number => (on ? bit : 0);
  head[flags2] = (head.readUInt8(flags2) & ~integratedBit) | has(integratedBit, login.integrated);
  head[flags3] =
    (head.readUInt8(flags3) & ~(extensionBit | changePasswordBit)) |
    has(extensionBit, features !== undefined) |
    has(changePasswordBit, login.changesPassword);

  const entries: Buffer[] = [];
  const texts: Buffer[] = [];
  let offset = fixed;
  const add = (bytes: Buffer, unit: 1 | 2): void => {
    entries.push(uint16(offset), uint16(bytes.length / unit));
    texts.push(bytes);
    offset += bytes.length;
  };
  const pointer = Buffer.alloc(features === undefined ? 0 : 4);
  add(utf16(login.hostName), 2);
  add(utf16(login.userName), 2);
  add(swapNibbles(utf16(login.password)), 2);
  add(utf16(login.appName), 2);
  add(utf16(login.serverName), 2);
  add(pointer, 1);
  add(utf16(login.interfaceName), 2);
  add(utf16(login.language), 2);
  add(utf16(login.database), 2);
  entries.push(login.clientId);
  add(Buffer.alloc(0), 1);
  add(utf16(login.attachFile), 2);
  if (fixed > 86) {
    add(Buffer.alloc(0), 2);
    entries.push(uint32(0));
  }
  // A server reads the list where the pointer says; the specification wants it behind everything else.
  if (features !== undefined) {
    pointer.writeUInt32LE(offset);
    texts.push(encodeFeatures(features));
  }
  const message = Buffer.concat([head, ...entries, ...texts]);
  message.writeUInt32LE(message.length, 0);
  return message;
}

/** 2.2.6.4: half-bytes swapped, then XOR 0xA5. It hides nothing; what protects the password is TLS or the loopback. */
function swapNibbles(text: Buffer): Buffer {
  for (const [index, byte] of text.entries()) text[index] = (((byte << 4) & 0xf0) | (byte >> 4)) ^ 0xa5;
  return text;
}

function takePassword(bytes: Buffer): string {
  for (const [index, byte] of bytes.entries()) {
    const plain = byte ^ 0xa5;
    bytes[index] = ((plain << 4) & 0xf0) | (plain >> 4);
  }
  const password = bytes.toString('utf16le');
  bytes.fill(0);
  return password;
}
