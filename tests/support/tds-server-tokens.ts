/** Tokens that the stand-in for SQL Server answers with: [MS-TDS] 2.2.7. Written apart from the gateway's own codecs. */

export const old = (version: number): boolean => version >>> 24 === 0x70 || version >>> 24 === 0x71;

export function u16(value: number): Buffer {
  return Buffer.from([value & 0xff, (value >> 8) & 0xff]);
}
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value | 0);
  return bytes;
}
export function ucs2(text: string): Buffer {
  return Buffer.from(text, 'utf16le');
}
export function shortText(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), ucs2(text)]);
}
function longText(text: string): Buffer {
  return Buffer.concat([u16(text.length), ucs2(text)]);
}
function sized(token: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([token]), u16(body.length), body]);
}

export function notice(
  token: 0xaa | 0xab,
  version: number,
  number: number,
  severity: number,
  text: string,
): Buffer {
  const line = old(version) ? u16(1) : u32(1);
  const state = Buffer.from([1, severity]);
  return sized(token, u32(number), state, longText(text), shortText('stand-in'), shortText(''), line);
}
export const error = (version: number, number: number, severity: number, text: string): Buffer =>
  notice(0xaa, version, number, severity, text);

export const textChange = (type: number, now: string, before: string): Buffer =>
  sized(0xe3, Buffer.from([type]), shortText(now), shortText(before));
export const bytesChange = (type: number, now: Buffer, before: Buffer): Buffer =>
  sized(0xe3, Buffer.from([type, now.length]), now, Buffer.from([before.length]), before);
export const collation = Buffer.from([0x09, 0x04, 0xd0, 0x00, 0x34]);

/** ENVCHANGE 20, or 21 where a database is named. */
export function routing(server: string, port: number, database?: string): Buffer {
  const value = Buffer.concat([
    Buffer.from([0]),
    u16(port),
    longText(server),
    ...(database === undefined ? [] : [longText(database)]),
  ]);
  return sized(0xe3, Buffer.from([database === undefined ? 20 : 21]), u16(value.length), value, u16(0));
}

export function loginAck(version: number): Buffer {
  const wire = Buffer.alloc(4);
  wire.writeUInt32BE(version);
  return sized(0xad, Buffer.from([1]), wire, shortText('Microsoft SQL Server'), Buffer.from([16, 0, 4, 195]));
}

export function featureAck(features: [number, Buffer][]): Buffer {
  const entries = features.map(([id, data]) => Buffer.concat([Buffer.from([id]), u32(data.length), data]));
  return Buffer.concat([Buffer.from([0xae]), ...entries, Buffer.from([0xff])]);
}

/** `token`: 0xfd DONE, 0xfe DONEPROC, 0xff DONEINPROC. Status bits: 1 more, 2 error, 16 count, 32 attention. */
export function done(version: number, status: number, count = 0, token = 0xfd): Buffer {
  const rows = old(version) ? u32(count) : Buffer.concat([u32(count), u32(0)]);
  return Buffer.concat([Buffer.from([token]), u16(status), u16(0xc1), rows]);
}

export type Column = 'int' | 'text' | 'hash';
const nvarchar = (length: number): Buffer => Buffer.concat([Buffer.from([0xe7]), u16(length * 2), collation]);
const intType = Buffer.from([0x26, 4]);

export function columns(version: number, types: Record<string, Column>): Buffer {
  const entries = Object.entries(types).map(([name, type]) =>
    Buffer.concat([
      old(version) ? u16(0) : u32(0),
      u16(0x0009),
      type === 'int' ? intType : nvarchar(type === 'hash' ? 32 : 4000),
      shortText(name),
    ]),
  );
  return Buffer.concat([Buffer.from([0x81]), u16(entries.length), ...entries]);
}
function value(of: number | string): Buffer {
  if (typeof of === 'number') return Buffer.concat([Buffer.from([4]), u32(of)]);
  const text = ucs2(of);
  return Buffer.concat([u16(text.length), text]);
}
export function row(values: (number | string)[]): Buffer {
  return Buffer.concat([Buffer.from([0xd1]), ...values.map(value)]);
}

export function returnStatus(): Buffer {
  return Buffer.concat([Buffer.from([0x79]), u32(0)]);
}
/** RETURNVALUE of an int parameter. */
export function returnInt(version: number, name: string, of: number): Buffer {
  const userType = old(version) ? u16(0) : u32(0);
  return Buffer.concat([
    Buffer.from([0xac]),
    u16(0),
    shortText(name),
    Buffer.from([1]),
    userType,
    u16(0),
    intType,
    value(of),
  ]);
}
