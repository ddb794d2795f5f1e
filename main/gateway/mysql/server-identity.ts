import { ProtocolError } from '../refused.ts';
import { type Capabilities, capabilities, extendedCapabilities, has } from './capabilities.ts';
import { commands } from './commands.ts';
import type { Greeting } from './greeting.ts';
import { type ChannelEnd, createPacketChannel } from './packet-channel.ts';
import { firstBytes } from './server-packets.ts';
import { createCursor } from './wire.ts';

/** Identity and database. */
const columns = 2;
/** "Text Resultset Row": NULL. */
const nullColumn = 0xfb;

const variables = ['@@lower_case_table_names', '@@hostname', '@@port', '@@server_id'];

/** Whether a server that says this of itself takes names of databases for the same whatever their case. */
export function foldsNames(identity: string | undefined): boolean {
  return identity !== undefined && !identity.startsWith('0 ');
}

/**
 * Asks a server that has let us in which one it is. Several may answer at one address (a load balancer, the name of a
 * cluster), and the number of a thread means another session on each of them.
 *
 * It is asked as well which database the session is in: `init_connect` may have moved it since the login. In hexadecimal,
 * as the answer is in the client's character set.
 *
 * @param session what decides how the answer looks: "Text Resultset".
 * @returns what it says; the database is empty where the session is in none.
 * @throws ProtocolError for an answer that is none.
 */
export async function askIdentity(
  end: ChannelEnd,
  { capabilities: server }: Greeting,
  session: Capabilities,
): Promise<{ identity?: string; database?: string }> {
  // What nobody has asked for is not taken for the answer; the pipe ends the session for it.
  if (end.reader.buffered > 0) return {};
  const isMysql = has(server.flags, capabilities.longPassword);
  const names = isMysql ? [...variables, '@@server_uuid'] : variables;
  const attributes = has(session.flags, capabilities.queryAttributes) ? [0x00, 0x01] : [];
  const text = Buffer.from(`SELECT CONCAT_WS(' ', ${names.join(', ')}), HEX(DATABASE())`);
  const channel = createPacketChannel(end);
  channel.write(Buffer.from([commands.query, ...attributes, ...text]));

  const first = await channel.read();
  if (first[0] === firstBytes.error || first[0] === firstBytes.ok) return {};
  const head = createCursor(first);
  if (head.lengthEncoded() !== columns) throw new ProtocolError('it does not say which server it is');
  const isCached = has(session.extended, extendedCapabilities.cacheMetadata) && head.byte() === 0;
  if (!isCached) for (let column = 0; column < columns; column += 1) await channel.read();
  if (!has(session.flags, capabilities.deprecateEof)) await channel.read();
  const row = await channel.read();
  if (row[0] === firstBytes.error) return {};
  const cursor = createCursor(row);
  const identity = cursor.lengthEncodedBytes().toString('utf8');
  const rest = cursor.rest();
  await channel.read();
  if (rest[0] === nullColumn) return { identity, database: '' };
  const hex = createCursor(rest).lengthEncodedBytes().toString('latin1');
  return { identity, database: Buffer.from(hex, 'hex').toString() };
}
