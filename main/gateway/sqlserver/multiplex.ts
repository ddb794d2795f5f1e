/**
 * Packets of the Session Multiplex Protocol ([MC-SMP] 2.2.1), in which SqlClient and ODBC wrap TDS for several requests at
 * once (MARS). They are declined in PRELOGIN; a client that sends them all the same reads nothing else any more, so that
 * the refusal has to be wrapped as well. Pure: bytes in, bytes out.
 */

/** SMID: no packet of TDS has this type. */
export const multiplexMark = 0x53;

const flags = { fin: 0x04, data: 0x08 } as const;
const headerLength = 16;
/** What both sides begin with: 2.2.1 and 3.1.1. */
const firstWindow = 4;

/** @param bytes of the client, beginning with its packet; 0, the first session, where they end before its number. */
export function sessionOf(bytes: Buffer): number {
  return bytes.length < 4 ? 0 : bytes.readUInt16LE(2);
}

/** The only thing that the session is ever told: this message, and that it is over. */
export function onlyMessage(session: number, message: Buffer): Buffer {
  return Buffer.concat([header(flags.data, session, message.length), message, header(flags.fin, session, 0)]);
}

function header(flag: number, session: number, length: number): Buffer {
  const bytes = Buffer.alloc(headerLength);
  bytes.writeUInt8(multiplexMark, 0);
  bytes.writeUInt8(flag, 1);
  bytes.writeUInt16LE(session, 2);
  bytes.writeUInt32LE(headerLength + length, 4);
  // The number of the last DATA packet.
  bytes.writeUInt32LE(1, 8);
  bytes.writeUInt32LE(firstWindow, 12);
  return bytes;
}
