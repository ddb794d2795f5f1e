import { type Capabilities, capabilities, extendedCapabilities, has } from './capabilities.ts';
import type { Reply } from './commands.ts';
import { firstBytes } from './server-packets.ts';
import { fullPayload } from './wire.ts';

/** "SERVER_STATUS_flags_enum": another result follows; there are no rows, as they are fetched through a cursor. */
const moreResults = 0x08;
const cursorExists = 0x40;
/** MariaDB's progress report is an error with this number that ends nothing. */
const progressNumber = 0xff_ff;
/** An EOF packet is shorter than this; a row that begins with the same byte is not: "EOF_Packet". */
const eofLimit = 9;
/** "int<lenenc>": what is below is written as it is, what begins with this has two bytes. */
const firstLong = 0xfb;
const twoByteLength = 0xfc;
/** What has to be seen of a packet: its first byte, two lengths of 9 bytes each, status. */
export const shownLength = 21;

/** What a packet means for the answer that it belongs to; `file` asks for one of the client, `wrong` must not pass. */
type Step = 'more' | 'ended' | 'file' | 'wrong';

/**
 * Follows one answer after the other, packet by packet: "Text Resultset", "Binary Protocol Resultset", "COM_STMT_PREPARE
 * Response" (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html), MariaDB's "Result Set
 * Packets" (https://mariadb.com/kb/en/result-set-packets/).
 *
 * @param onKillPrepared hears the number of each statement that was prepared as a `prepared-kill`.
 * @returns what the next packet means for the answer that is under way.
 */
export function createAnswerFollower(session: Capabilities, onKillPrepared: (statement: number) => void) {
  const deprecateEof = has(session.flags, capabilities.deprecateEof);
  const cacheMetadata = has(session.extended, extendedCapabilities.cacheMetadata);
  const progress = has(session.extended, extendedCapabilities.progress);
  let phase: 'first' | 'columns' | 'columns-end' | 'rows' | 'definitions' = 'first';
  /** Column or parameter definitions that are still to come. */
  let definitions = 0;

  function see(reply: Reply, first: number, length: number, bytes: Buffer, start: number): Step {
    if (first === firstBytes.error) {
      const isProgress = progress && length >= 3 && bytes.readUInt16LE(start + 1) === progressNumber;
      return isProgress ? 'more' : end();
    }
    switch (phase) {
      case 'columns':
        if (!isDefinition(length, bytes, start)) return 'wrong';
        definitions -= 1;
        if (definitions === 0) phase = deprecateEof ? 'rows' : 'columns-end';
        return 'more';
      case 'columns-end': {
        if (!isEof(first, length) || length < 5) return 'wrong';
        const status = bytes.readUInt16LE(start + 3);
        if ((status & cursorExists) !== 0) return endResult(reply, status);
        phase = 'rows';
        return 'more';
      }
      case 'rows':
        return seeRow(reply, first, length, bytes, start);
      case 'definitions':
        if (!isDefinition(length, bytes, start) && !isEof(first, length)) return 'wrong';
        definitions -= 1;
        return definitions === 0 ? end() : 'more';
      default:
        return seeFirst(reply, first, length, bytes, start);
    }
  }

  function seeFirst(reply: Reply, first: number, length: number, bytes: Buffer, start: number): Step {
    switch (reply) {
      case 'single':
        return 'ended';
      case 'rows':
        phase = 'rows';
        return seeRow(reply, first, length, bytes, start);
      case 'prepared':
      case 'prepared-kill':
        if (first !== firstBytes.ok || length < 12) return 'wrong';
        if (reply === 'prepared-kill') onKillPrepared(bytes.readUInt32LE(start + 1));
        definitions = preparedDefinitions(bytes, start);
        if (definitions === 0) return 'ended';
        phase = 'definitions';
        return 'more';
      default:
    }
    switch (first) {
      case firstBytes.ok:
        return endByOk(reply, length, bytes, start);
      case firstBytes.localInfile:
        return 'file';
      case firstBytes.eof:
      case -1:
        return 'wrong';
      default:
        return seeColumnCount(first, length, bytes, start);
    }
  }

  /**
   * The number of columns, only as servers write it, which have 4096 at most: what a client may take for another number
   * (0 in a long form is an OK to some, and 2^32 to others) would have it read a request for a file where there is
   * none here.
   */
  function seeColumnCount(first: number, length: number, bytes: Buffer, start: number): Step {
    let next = start + 1;
    definitions = first;
    if (first === twoByteLength) {
      if (length < 3) return 'wrong';
      next = start + 3;
      definitions = bytes.readUInt16LE(start + 1);
      if (definitions < firstLong) return 'wrong';
    } else if (first >= firstLong) return 'wrong';
    const isDescribed = !(cacheMetadata && next < start + length && bytes[next] === 0);
    if (isDescribed) phase = 'columns';
    else phase = deprecateEof ? 'rows' : 'columns-end';
    return 'more';
  }

  function seeRow(reply: Reply, first: number, length: number, bytes: Buffer, start: number): Step {
    if (first !== firstBytes.eof || length >= (deprecateEof ? fullPayload : eofLimit)) return 'more';
    if (deprecateEof) return endByOk(reply, length, bytes, start);
    return length < 5 ? 'wrong' : endResult(reply, bytes.readUInt16LE(start + 3));
  }

  function endByOk(reply: Reply, length: number, bytes: Buffer, start: number): Step {
    const status = okStatus(bytes, start, start + Math.min(length, shownLength));
    return status === undefined ? 'wrong' : endResult(reply, status);
  }

  function endResult(reply: Reply, status: number): Step {
    const isLast = reply !== 'result' || (status & moreResults) === 0;
    phase = 'first';
    return isLast ? 'ended' : 'more';
  }

  function end(): Step {
    phase = 'first';
    return 'ended';
  }

  function preparedDefinitions(bytes: Buffer, start: number): number {
    const columns = bytes.readUInt16LE(start + 5);
    const parameters = bytes.readUInt16LE(start + 7);
    const ends = deprecateEof ? 0 : Number(columns > 0) + Number(parameters > 0);
    return columns + parameters + ends;
  }

  return see;
}

/** "Column Definition": begins with the catalog, which is "def" everywhere. */
function isDefinition(length: number, bytes: Buffer, start: number): boolean {
  return length > catalog.length && catalog.every((byte, index) => bytes[start + index] === byte);
}
const catalog = [3, ...Buffer.from('def')];

function isEof(first: number, length: number): boolean {
  return first === firstBytes.eof && length < eofLimit;
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
