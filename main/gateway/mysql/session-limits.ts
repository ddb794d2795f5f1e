import type { UpstreamLogin } from '../ports.ts';
import { ProtocolError } from '../refused.ts';
import { type Capabilities, capabilities, has } from './capabilities.ts';
import { commands } from './commands.ts';
import type { Greeting } from './greeting.ts';
import { type ChannelEnd, createPacketChannel } from './packet-channel.ts';
import { type ServerError, firstBytes, parseServerError } from './server-packets.ts';

type Limits = Pick<UpstreamLogin, 'readOnly' | 'statementTimeoutMs'>;

export function isLimited({ readOnly, statementTimeoutMs }: Limits): boolean {
  return readOnly === true || statementTimeoutMs !== undefined;
}

/**
 * Sets what the rule limits, before the client has the session: "SET TRANSACTION", max_execution_time of MySQL (ms, for
 * SELECT alone) and max_statement_time of MariaDB (s). A client may set it otherwise later.
 *
 * @returns the server's error where it refuses one; then the session must not be opened.
 * @throws ProtocolError where the server speaks before it is asked: that would be taken for its consent.
 */
export async function limitSession(
  end: ChannelEnd,
  { capabilities: server }: Greeting,
  session: Capabilities,
  { readOnly, statementTimeoutMs }: Limits,
): Promise<ServerError | undefined> {
  const isMysql = has(server.flags, capabilities.longPassword);
  const statements: string[] = [];
  if (readOnly === true) statements.push('SET SESSION TRANSACTION READ ONLY');
  if (statementTimeoutMs !== undefined) {
    const value = isMysql
      ? `max_execution_time = ${statementTimeoutMs}`
      : `max_statement_time = ${statementTimeoutMs / 1000}`;
    statements.push(`SET SESSION ${value}`);
  }
  const attributes = has(session.flags, capabilities.queryAttributes) ? [0x00, 0x01] : [];
  for (const statement of statements) {
    if (end.reader.buffered > 0) throw new ProtocolError('it speaks before it is asked');
    const channel = createPacketChannel(end);
    channel.write(Buffer.from([commands.query, ...attributes, ...Buffer.from(statement)]));
    const answer = await channel.read();
    if (answer[0] === firstBytes.error) return parseServerError(answer);
  }
  return undefined;
}
