import { loginStep } from '../login-step.ts';
import type { UpstreamAddress } from '../ports.ts';
import { ProtocolError } from '../refused.ts';
import { createFields, uint16, uint32, utf16 } from './fields.ts';
import { isBefore72 } from './login7.ts';
import { encodeMessage, packetTypes, readMessage } from './packets.ts';
import { parseLoginResponse } from './tokens.ts';
import type { UpstreamSession } from './upstream.ts';

/**
 * A message in place of a row. The collation that a login's ENVCHANGE tells is the one of the database, which may be another
 * than the server's; names of databases are compared by the server's.
 */
const question = "PRINT CONVERT(nvarchar(128), SERVERPROPERTY('Collation'))";
const maxAnswer = 16 * 1024;

/** ALL_HEADERS with the descriptor of no transaction and one request: [MS-TDS] 2.2.5.3. */
const headers = Buffer.concat([uint32(22), uint32(18), uint16(2), Buffer.alloc(8), uint32(1)]);

/**
 * Asks a server that has let us in whether it takes names of databases for the same whatever their case.
 *
 * @returns undefined where it does not say.
 * @throws LatchkeyError `upstream-unreachable`, `upstream-protocol`; the signal's reason. The socket is gone then.
 */
export function foldsNames(
  { connection: { socket }, reader, tokens }: UpstreamSession,
  address: UpstreamAddress,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const version = tokens.find((token) => token.kind === 'login-ack')?.tdsVersion ?? 0;
  return loginStep({ socket, reader, address, protocol: 'SQL Server' }, signal, async () => {
    const text = utf16(question);
    const batch = isBefore72(version) ? text : Buffer.concat([headers, text]);
    socket.write(encodeMessage(packetTypes.batch, batch));
    const { type, payload } = await readMessage(reader, maxAnswer);
    if (type !== packetTypes.response) throw new ProtocolError('it does not say which collation it has');
    const printed = parseLoginResponse(payload, version).find(({ kind }) => kind === 'information');
    return printed === undefined ? undefined : isCaseInsensitive(messageOf(printed.raw));
  });
}

/** INFO: 2.2.7.13. */
function messageOf(raw: Buffer): string {
  const fields = createFields(raw);
  // Type, length, number, state and class.
  fields.bytes(1 + 2 + 4 + 1 + 1);
  return fields.text();
}

/** "Windows collation name" and "SQL Server collation name"; `_BIN` and `_BIN2` compare the bytes. */
function isCaseInsensitive(collation: string): boolean | undefined {
  if (/_CI(_|$)/.test(collation)) return true;
  return /_(CS|BIN2?)(_|$)/.test(collation) ? false : undefined;
}
