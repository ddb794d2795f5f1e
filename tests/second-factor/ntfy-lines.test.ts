import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linesOf } from '../../main/second-factor/ntfy-subscription.ts';

async function read(chunks: Uint8Array[], end?: Error): Promise<string[]> {
  const lines: string[] = [];
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = chunks.shift();
      if (next !== undefined) controller.enqueue(next);
      else if (end !== undefined) controller.error(end);
      else controller.close();
    },
  });
  for await (const line of linesOf(stream)) lines.push(line);
  return lines;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('lines of a stream', () => {
  it('gives the same lines however the bytes are cut', async () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !text.includes('\n'));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 10 }), fc.array(fc.nat(200)), async (lines, cuts) => {
        const whole = bytes(lines.map((text) => `${text}\n`).join(''));
        const places = [0, ...cuts.filter((place) => place < whole.length), whole.length].toSorted(
          (a, b) => a - b,
        );
        const chunks = places.slice(1).map((place, index) => whole.slice(places[index], place));
        // A leading byte order mark is the decoder's to drop.
        fc.pre(!lines.some((text) => text.includes('\uFEFF')));
        expect(await read(chunks)).toEqual(lines);
      }),
      { numRuns: 500 },
    );
  });

  it('drops what is cut off at the end, and a line that never ends', async () => {
    expect(await read([bytes('one\ntw')])).toEqual(['one']);
    const endless = Array.from({ length: 40 }, () => bytes('x'.repeat(4_096)));
    expect(await read([bytes('one\n'), ...endless, bytes('rest\ntwo\n')])).toEqual(['one', 'two']);
  });

  it('passes on why the stream broke', async () => {
    await expect(read([bytes('one\n')], new Error('reset'))).rejects.toThrow('reset');
  });
});
