import fc from 'fast-check';
import { ProtocolError } from '../../../main/gateway/refused.ts';

export const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));

/** Runs a parser over inputs, of which only ProtocolError may come. */
export function holds(
  parse: (input: Buffer) => unknown,
  inputs: fc.Arbitrary<Buffer>,
  numRuns = 10_000,
): void {
  fc.assert(
    fc.property(inputs, (input) => {
      try {
        parse(input);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    }),
    { numRuns },
  );
}

/** A good message with some of its bytes changed, or cut off. */
export const bent = (good: Buffer) =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 }),
      fc.nat(good.length),
      fc.boolean(),
    )
    .map(([changes, length, cut]) => {
      const copy = Buffer.from(good);
      for (const [at, value] of changes) copy[at] = value;
      return cut ? copy.subarray(0, length) : copy;
    });
