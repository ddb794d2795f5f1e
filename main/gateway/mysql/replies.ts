import { ProtocolError } from '../refused.ts';
import { type Capabilities, capabilities, extendedCapabilities, has } from './capabilities.ts';
import type { Reply } from './commands.ts';
import { createPacketFollower } from './packet-follower.ts';
import { firstBytes } from './server-packets.ts';
import { createCursor, fullPayload } from './wire.ts';

/** "SERVER_STATUS_flags_enum": another result follows; there are no rows, as they are fetched through a cursor. */
const moreResults = 0x08;
const cursorExists = 0x40;
/** MariaDB's progress report is an error with this number that ends nothing. */
const progressNumber = 0xff_ff;
/** An EOF packet is shorter than this; a row that begins with the same byte is not: "EOF_Packet". */
const eofLimit = 9;
/** First byte, two lengths of 9 bytes each, status. */
const shownLength = 21;

export type Replies = ReturnType<typeof createReplies>;

/**
 * Follows what the server answers, packet by packet: "Text Resultset", "Binary Protocol Resultset", "COM_STMT_PREPARE
 * Response" (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html), MariaDB's "Result Set
 * Packets" (https://mariadb.com/kb/en/result-set-packets/).
 *
 * It has to know where in an answer a packet stands: the first byte of a request for a file of the client is that of a row
 * with an empty first column. A server that sends such a request where it is not allowed, or answers what nobody
 * asked, is stopped there; the client never has the whole of that packet.
 */
export function createReplies(session: Capabilities, localInfile: boolean) {
  const deprecateEof = has(session.flags, capabilities.deprecateEof);
  const cacheMetadata = has(session.extended, extendedCapabilities.cacheMetadata);
  const progress = has(session.extended, extendedCapabilities.progress);
  /** Commands whose answers are still to come, in order; those before `head` have been answered. */
  const expected: Reply[] = [];
  let head = 0;
  let phase: 'first' | 'columns' | 'columns-end' | 'rows' | 'definitions' = 'first';
  /** Column or parameter definitions that are still to come. */
  let definitions = 0;
  /** Number of the client's last packet, where it was the last of all. */
  let clientNumber: number | undefined;
  /** The server has said its last, unasked, as it does before it closes. */
  let over = false;
  let sendsFile = false;

  const follower = createPacketFollower(shownLength, (length, bytes, start) => {
    const passes = see(length, bytes, start);
    if (passes) clientNumber = undefined;
    return passes;
  });

  function see(length: number, bytes: Buffer, start: number): boolean {
    const first = length === 0 ? -1 : (bytes[start] as number);
    const reply = expected[head];
    if (reply === undefined) return sayLast(first);
    if (first === firstBytes.error) {
      const isProgress = progress && length >= 3 && bytes.readUInt16LE(start + 1) === progressNumber;
      if (!isProgress) finish();
      return true;
    }
    switch (phase) {
      case 'columns':
        definitions -= 1;
        if (definitions === 0) phase = deprecateEof ? 'rows' : 'columns-end';
        return true;
      case 'columns-end': {
        if (first !== firstBytes.eof || length >= eofLimit || length < 5) return false;
        const status = bytes.readUInt16LE(start + 3);
        if ((status & cursorExists) === 0) phase = 'rows';
        else resultEnds(status);
        return true;
      }
      case 'rows':
        return seeRow(first, length, bytes, start);
      case 'definitions':
        definitions -= 1;
        if (definitions === 0) finish();
        return true;
      default:
        return seeFirst(reply, first, length, bytes, start);
    }
  }

  /** Only an error may come unasked, and nothing after it: a client would take it for the answer to its next command. */
  function sayLast(first: number): boolean {
    if (over || first !== firstBytes.error) return false;
    over = true;
    return true;
  }

  function seeFirst(reply: Reply, first: number, length: number, bytes: Buffer, start: number): boolean {
    switch (reply) {
      case 'single':
        finish();
        return true;
      case 'rows':
        phase = 'rows';
        return seeRow(first, length, bytes, start);
      case 'prepared':
        if (first !== firstBytes.ok || length < 12) return false;
        definitions = preparedDefinitions(bytes, start);
        if (definitions === 0) finish();
        else phase = 'definitions';
        return true;
      default:
        return seeResult(first, length, bytes, start);
    }
  }

  function seeResult(first: number, length: number, bytes: Buffer, start: number): boolean {
    switch (first) {
      case firstBytes.ok:
        return okEnds(length, bytes, start);
      case firstBytes.localInfile:
        sendsFile = localInfile;
        return localInfile;
      case firstBytes.eof:
      case -1:
        return false;
      default:
        return columnsFollow(bytes.subarray(start, start + Math.min(length, shownLength)));
    }
  }

  function columnsFollow(shown: Buffer): boolean {
    try {
      const cursor = createCursor(shown);
      definitions = cursor.lengthEncoded();
      const described = !(cacheMetadata && cursor.left > 0 && cursor.byte() === 0);
      if (described && definitions > 0) phase = 'columns';
      else phase = deprecateEof ? 'rows' : 'columns-end';
      return true;
    } catch (error) {
      if (error instanceof ProtocolError) return false;
      throw error;
    }
  }

  function seeRow(first: number, length: number, bytes: Buffer, start: number): boolean {
    if (first !== firstBytes.eof || length >= (deprecateEof ? fullPayload : eofLimit)) return true;
    if (deprecateEof) return okEnds(length, bytes, start);
    if (length < 5) return false;
    resultEnds(bytes.readUInt16LE(start + 3));
    return true;
  }

  function okEnds(length: number, bytes: Buffer, start: number): boolean {
    const status = okStatus(bytes, start, start + Math.min(length, shownLength));
    if (status !== undefined) resultEnds(status);
    return status !== undefined;
  }

  function resultEnds(status: number): void {
    if (expected[head] === 'result' && (status & moreResults) !== 0) phase = 'first';
    else finish();
  }

  function finish(): void {
    phase = 'first';
    head += 1;
    if (head < expected.length) return;
    head = 0;
    expected.length = 0;
  }

  function preparedDefinitions(bytes: Buffer, start: number): number {
    const columns = bytes.readUInt16LE(start + 5);
    const parameters = bytes.readUInt16LE(start + 7);
    const ends = deprecateEof ? 0 : Number(columns > 0) + Number(parameters > 0);
    return columns + parameters + ends;
  }

  return {
    /** See {@link createPacketFollower}. */
    watch: follower.watch,
    /** A command has gone to the server that it answers like this. */
    expect(reply: Reply): void {
      if (reply !== 'none') expected.push(reply);
    },
    /** The number of a packet that the client has sent. */
    clientSent(number: number): void {
      clientNumber = number;
    },
    /** True while the client sends a file that the server has asked for: its packets are no commands. */
    get sendsFile(): boolean {
      return sendsFile;
    },
    fileSent(): void {
      sendsFile = false;
    },
    get atBoundary(): boolean {
      return follower.atBoundary;
    },
    /** The number that a client waits for: that of an answer to its next command, or to the one under way. */
    get nextSequence(): number {
      return expected.length === 0 ? 1 : ((clientNumber ?? follower.lastSequence) + 1) & 0xff;
    },
  };
}

/**
 * Status of an OK packet, with the header 0x00 or 0xFE, behind two "int<lenenc>": "OK_Packet".
 * @returns undefined where the packet ends before it.
 */
function okStatus(bytes: Buffer, start: number, end: number): number | undefined {
  const lastInsert = behindLength(bytes, start + 1, end);
  const at = lastInsert === undefined ? undefined : behindLength(bytes, lastInsert, end);
  return at === undefined || at + 2 > end ? undefined : bytes.readUInt16LE(at);
}

function behindLength(bytes: Buffer, at: number, end: number): number | undefined {
  if (at >= end) return undefined;
  const first = bytes[at] as number;
  switch (first) {
    case 0xfc:
      return at + 3;
    case 0xfd:
      return at + 4;
    case 0xfe:
      return at + 9;
    default:
      return first > 0xfa ? undefined : at + 1;
  }
}
