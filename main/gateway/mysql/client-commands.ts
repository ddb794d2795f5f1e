import { type Capabilities, capabilities, has } from './capabilities.ts';
import { type Reply, commands, passedOn } from './commands.ts';
import { type KillStatements, createKillStatements } from './kill-statements.ts';
import { killsByParameter, mayKill, maxKillLength, translateKill } from './kill.ts';
import { maxHandshakePacket } from './packet-channel.ts';
import type { Replies } from './replies.ts';
import { fullPayload, headerLength, packet } from './wire.ts';

export interface TranslatorOptions {
  /** The upstream's thread id for one of ours. */
  find(id: number): number | undefined;
  /** Prepared statements of the session that kill a thread. */
  kills?: KillStatements;
  /**
   * Takes what begins the session anew, with what the client has sent behind it, and the translator for that; false where
   * it goes the way of every command. Called only where the server has nothing to answer.
   */
  reset?(payload: Buffer, sequence: number, rest: Buffer, translate: (chunk: Buffer) => Buffer): boolean;
  /** Nothing is passed on but what stops a session that is found. */
  onlyKill?: boolean;
  /** The client says that it leaves (COM_QUIT). */
  onQuit?(): void;
}

/**
 * Follows what a client sends, from header to header: tells the replies what to expect, puts the upstream's thread ids in
 * the place of ours, and keeps back the commands that are not passed on.
 *
 * In place of such a command the server gets a statement that fails with our sentence. So the answer comes in its turn,
 * whatever the client has sent before without waiting, and the session goes on.
 *
 * @returns what goes upstream in place of a chunk.
 */
export function createCommandTranslator(
  session: Capabilities,
  replies: Replies,
  { find, kills = createKillStatements(), reset, onlyKill = false, onQuit }: TranslatorOptions,
): (chunk: Buffer) => Buffer {
  const queryAttributes = has(session.flags, capabilities.queryAttributes);
  const empty = Buffer.alloc(0);
  /** The beginning of a packet that has to be seen before anything of it goes on; never longer than a KILL. */
  let held: Buffer = empty;
  /** What is left of the packet that has been decided about. */
  let left = 0;
  let dropping = false;
  let continued = false;

  function takesReset(bytes: Buffer, offset: number, end: number): boolean {
    const payload = Buffer.from(bytes.subarray(offset + headerLength, end));
    const rest = Buffer.from(bytes.subarray(end));
    return reset?.(payload, bytes[offset + 3] as number, rest, translateChunk) === true;
  }

  function replyTo(command: number, payload: Buffer): Reply | undefined {
    const reply = passedOn.get(command);
    if (reply !== 'prepared') return reply;
    const killsThread = killsByParameter(payload);
    kills.prepares(killsThread);
    return killsThread ? 'prepared-kill' : reply;
  }

  function translateChunk(chunk: Buffer): Buffer {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    held = empty;
    const out: Buffer[] = [];
    /** Bytes before this are in `out` or dropped. */
    let taken = 0;
    let offset = 0;
    const replace = (end: number, replacement: Buffer): void => {
      if (offset > taken) out.push(bytes.subarray(taken, offset));
      if (replacement.length > 0) out.push(replacement);
      offset = end;
      taken = end;
    };

    while (offset < bytes.length) {
      if (left > 0) {
        const step = Math.min(left, bytes.length - offset);
        left -= step;
        if (dropping) replace(offset + step, empty);
        else offset += step;
        continue;
      }
      const available = bytes.length - offset;
      if (available < headerLength) break;
      const length = bytes.readUIntLE(offset, 3);
      const end = offset + headerLength + length;
      const isCommand = !continued && !replies.sendsFile;
      if (isCommand && length > 0 && available === headerLength) break;
      const command = length === 0 ? -1 : (bytes[offset + headerLength] as number);
      const isExecution = isCommand && command === commands.statementExecute && length <= maxKillLength;
      const executesKill =
        isExecution && kills.mayExecute(bytes.subarray(offset + headerLength, Math.min(end, bytes.length)));
      const mayReset =
        isCommand && resets.has(command) && reset !== undefined && length <= maxHandshakePacket;
      const whole = executesKill || mayReset || (isCommand && mayKill(command, length));
      if (whole && end > bytes.length) break;
      if (mayReset && !onlyKill && replies.open === 0 && takesReset(bytes, offset, end)) {
        replace(bytes.length, empty);
        break;
      }

      replies.clientSent(bytes[offset + 3] as number);
      // Behind a full packet an empty one is the rest of it: "Sending More Than 16Mb".
      if (replies.sendsFile && length === 0 && !continued) replies.fileSent();
      continued = length === fullPayload;
      const payload = whole ? bytes.subarray(offset + headerLength, end) : empty;
      const translate = executesKill ? kills.translate : translateKill;
      const translated = whole ? translate(payload, queryAttributes, find) : undefined;
      if (isCommand) {
        if (command === commands.quit) onQuit?.();
        const may = !onlyKill || translated !== undefined || harmless.has(command);
        const reply = may ? replyTo(command, payload) : undefined;
        dropping = reply === undefined;
        replies.expect(reply ?? 'result');
        if (reply === undefined) replace(offset, refusalQuery(may ? command : 'expired', queryAttributes));
      }
      if (translated === undefined) left = headerLength + length;
      else replace(end, packet(0, translated));
    }
    if (offset < bytes.length) held = Buffer.from(bytes.subarray(offset));
    else if (taken === 0) return bytes;
    if (offset > taken) out.push(bytes.subarray(taken, offset));
    return out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out);
  }

  return translateChunk;
}

/** What begins a session anew. */
const resets: ReadonlySet<number> = new Set([commands.changeUser, commands.resetConnection]);

/** Of a login that may only stop statements: what does nothing. */
const harmless: ReadonlySet<number> = new Set([commands.quit, commands.ping]);

/** "SIGNAL Statement": a statement that does nothing but fail. Its text has 128 characters at most. */
function refusalQuery(command: number | 'expired', queryAttributes: boolean): Buffer {
  const text =
    command === 'expired'
      ? 'This token has expired: it only stops statements of its own sessions. Copy a new token, and connect again.'
      : command === commands.changeUser
        ? 'Latchkey does not pass a change to another user on. Open a new connection instead.'
        : 'Latchkey does not pass this command on. Connect to the server itself for replication.';
  const query = `SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO = 1235, MESSAGE_TEXT = '${text}'`;
  const attributes = queryAttributes ? [0x00, 0x01] : [];
  return packet(0, Buffer.from([commands.query, ...attributes, ...Buffer.from(query)]));
}
