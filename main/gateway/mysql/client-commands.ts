import { type Capabilities, capabilities, has } from './capabilities.ts';
import { commands, passedOn } from './commands.ts';
import { mayKill, translateKill } from './kill.ts';
import type { Replies } from './replies.ts';
import { fullPayload, headerLength, packet } from './wire.ts';

/**
 * Follows what a client sends, from header to header: tells the replies what to expect, puts the upstream's thread ids in
 * the place of ours, and keeps back the commands that are not passed on.
 *
 * In place of such a command the server gets a statement that fails with our sentence. So the answer comes in its turn,
 * whatever the client has sent before without waiting, and the session goes on.
 *
 * @param find the upstream's thread id for one of ours.
 * @param onQuit called when the client says that it leaves (COM_QUIT).
 * @returns what goes upstream in place of a chunk.
 */
export function createCommandTranslator(
  session: Capabilities,
  replies: Replies,
  find: (id: number) => number | undefined,
  onQuit: () => void = () => undefined,
): (chunk: Buffer) => Buffer {
  const queryAttributes = has(session.flags, capabilities.queryAttributes);
  const empty = Buffer.alloc(0);
  /** The beginning of a packet that has to be seen before anything of it goes on; never longer than a KILL. */
  let held: Buffer = empty;
  /** What is left of the packet that has been decided about. */
  let left = 0;
  let dropping = false;
  let continued = false;

  return (chunk) => {
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
      const whole = isCommand && mayKill(command, length);
      if (whole && end > bytes.length) break;

      replies.clientSent(bytes[offset + 3] as number);
      if (replies.sendsFile && length === 0) replies.fileSent();
      continued = length === fullPayload;
      if (isCommand) {
        if (command === commands.quit) onQuit();
        const reply = passedOn.get(command);
        dropping = reply === undefined;
        replies.expect(reply ?? 'result');
        if (reply === undefined) replace(offset, refusalQuery(command, queryAttributes));
      }
      const payload = whole ? bytes.subarray(offset + headerLength, end) : empty;
      const translated = whole ? translateKill(payload, queryAttributes, find) : undefined;
      if (translated === undefined) left = headerLength + length;
      else replace(end, packet(0, translated));
    }
    if (offset < bytes.length) held = Buffer.from(bytes.subarray(offset));
    else if (taken === 0) return bytes;
    if (offset > taken) out.push(bytes.subarray(taken, offset));
    return out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out);
  };
}

/** "SIGNAL Statement": a statement that does nothing but fail. Its text has 128 characters at most. */
function refusalQuery(command: number, queryAttributes: boolean): Buffer {
  const text =
    command === commands.changeUser
      ? 'Latchkey does not pass a change of user on. Open a new connection instead.'
      : 'Latchkey does not pass this command on. Connect to the server itself for replication.';
  const query = `SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO = 1235, MESSAGE_TEXT = '${text}'`;
  const attributes = queryAttributes ? [0x00, 0x01] : [];
  return packet(0, Buffer.from([commands.query, ...attributes, ...Buffer.from(query)]));
}
