import { createAnswerFollower, shownLength } from './answers.ts';
import type { Capabilities } from './capabilities.ts';
import type { Reply } from './commands.ts';
import { createPacketFollower } from './packet-follower.ts';
import { firstBytes } from './server-packets.ts';

export type Replies = ReturnType<typeof createReplies>;

/**
 * Follows what the server answers to the commands that it has got.
 *
 * It has to know where in an answer a packet stands: the first byte of a request for a file of the client is that of a row
 * with an empty first column. A server that sends such a request where it is not allowed, or answers what nobody
 * asked, is stopped there; the client never has the whole of that packet.
 *
 * @param onKillPrepared hears the number of each statement that was prepared as a `prepared-kill`.
 */
export function createReplies(
  session: Capabilities,
  localInfile: boolean,
  onKillPrepared: (statement: number) => void = () => undefined,
) {
  const seeAnswer = createAnswerFollower(session, onKillPrepared);
  /** Commands whose answers are still to come, in order; those before `head` have been answered. */
  const expected: Reply[] = [];
  let head = 0;
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
    switch (seeAnswer(reply, first, length, bytes, start)) {
      case 'more':
        return true;
      case 'ended':
        finish();
        return true;
      case 'file':
        sendsFile = localInfile;
        return localInfile;
      case 'wrong':
        return false;
    }
  }

  /** Only an error may come unasked, and nothing after it: a client would take it for the answer to its next command. */
  function sayLast(first: number): boolean {
    if (over || first !== firstBytes.error) return false;
    over = true;
    return true;
  }

  function finish(): void {
    head += 1;
    if (head < expected.length) return;
    head = 0;
    expected.length = 0;
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
    /** Commands that the server has not answered. */
    get open(): number {
      return expected.length - head;
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
