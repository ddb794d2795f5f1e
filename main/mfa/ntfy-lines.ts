/** Far above what ntfy sends for a message of 4,096 bytes with its actions. */
const longestLine = 64 * 1024;

/**
 * The complete lines of a stream as they arrive. What follows the last line break when the stream ends is a line that
 * was cut off, and dropped; so is a line that does not end within 64 KiB.
 * @throws whatever reading the stream throws
 */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let tooLong = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const pieces = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = pieces.pop() ?? '';
      for (const piece of pieces) {
        if (!tooLong) yield piece;
        tooLong = false;
      }
      if (rest.length > longestLine) {
        rest = '';
        tooLong = true;
      }
    }
  } finally {
    // Where the stream has failed already there is nothing left to cancel.
    await reader.cancel().catch(() => undefined);
  }
}
