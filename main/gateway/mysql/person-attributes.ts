import { plainText, printableAscii, printableUnicode } from '../person.ts';
import type { UpstreamLogin } from '../ports.ts';
import { createCursor, lengthEncodedBytes } from './wire.ts';

/** What a server takes at most: "CLIENT_CONNECT_ATTRS" in the manual, 64 KiB. */
const maxAttributes = 65_535;
/** Servers keep the first 512 bytes or so (performance_schema_session_connect_attrs_size): ours are in front. */
const prefix = 'latchkey_';

/**
 * The client's connection attributes with `latchkey_person` and `latchkey_session` in front: performance_schema.
 * session_connect_attrs has them, and audit plug-ins. Nothing that the client calls so passes.
 *
 * @param charset the client's collation: the server reads names and values in its character set.
 * @throws ProtocolError where the client's are no pairs.
 */
export function withPerson(
  attributes: Buffer,
  { name, session }: NonNullable<UpstreamLogin['person']>,
  charset: number,
): Buffer {
  const shown = plainText(name, isUtf8(charset) ? printableUnicode : printableAscii);
  const pairs = [pair(`${prefix}person`, shown), pair(`${prefix}session`, session)];
  let size = pairs.reduce((sum, { length }) => sum + length, 0);
  const cursor = createCursor(attributes);
  while (cursor.left > 0) {
    const key = cursor.lengthEncodedBytes();
    const value = cursor.lengthEncodedBytes();
    const one = Buffer.concat([lengthEncodedBytes(key), lengthEncodedBytes(value)]);
    if (key.toString('latin1').toLowerCase().startsWith(prefix)) continue;
    size += one.length;
    if (size > maxAttributes) break;
    pairs.push(one);
  }
  return Buffer.concat(pairs);
}

function pair(key: string, value: string): Buffer {
  return Buffer.concat([lengthEncodedBytes(Buffer.from(key)), lengthEncodedBytes(Buffer.from(value))]);
}

/** Collations of utf8mb3 and utf8mb4, as information_schema.collations numbers them in MySQL and MariaDB. */
function isUtf8(charset: number): boolean {
  const within = (first: number, last: number): boolean => charset >= first && charset <= last;
  return [33, 45, 46, 76, 83, 255].includes(charset) || within(192, 215) || within(223, 247);
}
