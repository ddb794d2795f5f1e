import { ProtocolError } from '../refused.ts';
import { createFields, uint16, uint32, utf16 } from './fields.ts';
import { type Feature, encodeFeatures, isBefore72, readFeatures } from './login7.ts';

/** The tokens that a server's answer to a login is made of: [MS-TDS] 2.2.7. Pure: bytes in, values out. */
export type LoginToken = { raw: Buffer } & (
  | { kind: 'error'; number: number; state: number; severity: number; message: string }
  | { kind: 'information' }
  | { kind: 'environment'; type: number; data: Buffer }
  | { kind: 'login-ack'; tdsVersion: number }
  | { kind: 'feature-ack'; features: Feature[] }
  | { kind: 'done'; failed: boolean }
  /** Of procedures that the server has run by itself on the way. */
  | { kind: 'procedure' }
);

const tokenTypes = {
  error: 0xaa,
  information: 0xab,
  loginAck: 0xad,
  featureAck: 0xae,
  environment: 0xe3,
  done: 0xfd,
  doneProcedure: 0xfe,
  doneInProcedure: 0xff,
  returnStatus: 0x79,
} as const;

/** Types of ENVCHANGE: 2.2.7.9. */
export const environmentTypes = {
  database: 1,
  packetSize: 4,
  /** The name of a mirroring partner, for clients to turn to when this server is gone. */
  failoverPartner: 13,
  routing: 20,
  enhancedRouting: 21,
} as const;

/** DONE_ERROR: 2.2.7.6. */
const doneError = 0x0002;
const maxTokens = 1000;

/**
 * @param payload the whole message.
 * @param tdsVersion what the login asked for; a LOGINACK's own counts from there on.
 * @throws ProtocolError for tokens that are malformed or do not belong to a login.
 */
export function parseLoginResponse(payload: Buffer, tdsVersion: number): LoginToken[] {
  const fields = createFields(payload);
  const tokens: LoginToken[] = [];
  let version = tdsVersion;
  while (fields.left > 0) {
    if (tokens.length === maxTokens) throw new ProtocolError('its answer to the login has no end');
    const start = fields.offset;
    const parsed = parseToken(fields, version);
    if (parsed.kind === 'login-ack') version = parsed.tdsVersion;
    tokens.push({ ...parsed, raw: payload.subarray(start, fields.offset) } as LoginToken);
  }
  return tokens;
}

type Unraw<Token> = Token extends unknown ? Omit<Token, 'raw'> : never;

function parseToken(fields: ReturnType<typeof createFields>, tdsVersion: number): Unraw<LoginToken> {
  switch (fields.uint8()) {
    case tokenTypes.error:
      return parseError(fields.bytes(fields.uint16()));
    case tokenTypes.information:
      fields.bytes(fields.uint16());
      return { kind: 'information' };
    case tokenTypes.environment: {
      const data = fields.bytes(fields.uint16());
      return { kind: 'environment', type: createFields(data).uint8(), data: data.subarray(1) };
    }
    case tokenTypes.loginAck: {
      const data = fields.bytes(fields.uint16());
      if (data.length < 5) throw new ProtocolError('its LOGINACK is malformed');
      return { kind: 'login-ack', tdsVersion: data.readUInt32BE(1) };
    }
    case tokenTypes.featureAck:
      return { kind: 'feature-ack', features: readFeatures(fields) };
    case tokenTypes.done: {
      const status = fields.uint16();
      // A server of before 7.2 that refuses the login has not said yet that it is one.
      fields.bytes(isBefore72(tdsVersion) || fields.left < 10 ? 6 : 10);
      return { kind: 'done', failed: (status & doneError) !== 0 };
    }
    // Azure Synapse has many of them in front of its LOGINACK (https://github.com/hugr-lab/mssql-extension/pull/254).
    case tokenTypes.doneProcedure:
    case tokenTypes.doneInProcedure:
      fields.bytes(2 + (isBefore72(tdsVersion) ? 6 : 10));
      return { kind: 'procedure' };
    case tokenTypes.returnStatus:
      fields.bytes(4);
      return { kind: 'procedure' };
    default:
      throw new ProtocolError('it sends a token that does not belong to a login');
  }
}

function parseError(body: Buffer): Unraw<LoginToken> {
  const fields = createFields(body);
  const number = fields.uint32();
  const state = fields.uint8();
  const severity = fields.uint8();
  return { kind: 'error', number, state, severity, message: fields.text() };
}

/** Where a server sends a client on to: 2.2.7.9, types 20 and 21. */
export interface Route {
  /** As the server wrote it: a host, or host and instance with a backslash between. */
  server: string;
  port: number;
  database: string | undefined;
}

/** @throws ProtocolError for a protocol other than TCP, or a malformed value. */
export function parseRoute(type: number, data: Buffer): Route {
  const outer = createFields(data);
  const fields = createFields(outer.bytes(outer.uint16()));
  const protocol = fields.uint8();
  const port = fields.uint16();
  const server = fields.text();
  if (protocol !== 0 || port === 0) throw new ProtocolError('it sends the login on to nowhere');
  return { server, port, database: type === environmentTypes.enhancedRouting ? fields.text() : undefined };
}

/** The database that the session is in. @throws ProtocolError for a malformed value. */
export function parseDatabase(data: Buffer): string {
  return createFields(data).shortText();
}

/** @throws ProtocolError where it is no number that a packet can have. */
export function parsePacketSize(data: Buffer): number {
  const size = Number(createFields(data).shortText());
  if (!Number.isInteger(size) || size < 512 || size > 32_767)
    throw new ProtocolError('it names an impossible packet size');
  return size;
}

/** LOGINACK with another version of the protocol in it. */
export function withVersion(loginAck: Buffer, tdsVersion: number): Buffer {
  const copy = Buffer.from(loginAck);
  copy.writeUInt32BE(tdsVersion, 4);
  return copy;
}

/** Empty where no feature is left: a server says nothing then. */
export function encodeFeatureAck(features: Feature[]): Buffer {
  if (features.length === 0) return Buffer.alloc(0);
  return Buffer.concat([Buffer.from([tokenTypes.featureAck]), encodeFeatures(features)]);
}

export interface ErrorInfo {
  number: number;
  state: number;
  /** "Class" in the specification: from 20 on the connection is over. */
  severity: number;
  message: string;
}

/** ERROR (2.2.7.10) and a DONE that ends the request with it, in the form of this version. */
export function encodeError({ number, state, severity, message }: ErrorInfo, tdsVersion: number): Buffer {
  const old = isBefore72(tdsVersion);
  const line = old ? uint16(1) : uint32(1);
  const text = utf16(message);
  const names = Buffer.from([0, 0]);
  const body = [uint32(number), Buffer.from([state, severity]), uint16(text.length / 2), text, names, line];
  const length = body.reduce((sum, part) => sum + part.length, 0);
  const done = [Buffer.from([tokenTypes.done]), uint16(doneError), uint16(0), Buffer.alloc(old ? 4 : 8)];
  return Buffer.concat([Buffer.from([tokenTypes.error]), uint16(length), ...body, ...done]);
}
