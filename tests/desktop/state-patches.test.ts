import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AppState } from '../../main/contract/state.ts';
import { patched, type PatchedState } from '../../main/contract/state-patch.ts';
import { createStatePatches } from '../../main/desktop/state-patches.ts';
import { at, busy, signedIn } from '../renderer/states.ts';

const overBridge = <T>(value: T): T => structuredClone(value);
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('a change sends its part alone, and no change sends nothing', () => {
  const patches = createStatePatches();
  const whole = patches.next(busy);
  expect(whole).toEqual({ version: 1, set: plain(busy) });
  expect(patches.next({ ...busy, lockedSince: undefined })).toBeUndefined();
  const locked = patches.next({ ...busy, lockedSince: at(-1) });
  expect(locked).toEqual({ version: 2, from: 1, set: { lockedSince: at(-1) } });
  expect(JSON.stringify(locked).length).toBeLessThan(JSON.stringify(whole).length / 20);
  expect(patches.next(busy)).toEqual({ version: 3, from: 2, set: {}, gone: ['lockedSince'] });
});

test('a part that is changed in its place is seen', () => {
  const patches = createStatePatches();
  const tokens = [...busy.tokens];
  patches.next({ ...busy, tokens });
  tokens.pop();
  expect(patches.next({ ...busy, tokens })).toMatchObject({ set: { tokens: plain(tokens) } });
});

test('after a question the next one is whole, and stands on nothing', () => {
  const patches = createStatePatches();
  patches.next(signedIn);
  patches.forget();
  const next = patches.next(signedIn);
  expect(next?.from).toBeUndefined();
  expect(patched(undefined, next ?? expect.unreachable())?.state).toEqual(plain(signedIn));
});

/** Any states at all, with parts that come and go. */
const anyState = fc
  .dictionary(
    fc.constantFrom('tokens', 'link', 'prompts', 'handles'),
    fc.oneof(fc.integer(), fc.string(), fc.array(fc.record({ id: fc.string() }), { maxLength: 3 })),
  )
  .map((parts) => parts as unknown as AppState);
const anyChange = fc.record({ state: anyState, isLost: fc.boolean(), asks: fc.boolean() });

test('whatever changes, a page that gets every patch has the state; one that has lost some knows it', () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 12 }), (changes) => {
      const patches = createStatePatches();
      let page: PatchedState | undefined;
      let hasLost = false;
      for (const { state, isLost, asks } of changes) {
        if (asks) {
          // As getState does it.
          patches.forget();
          page = { state: overBridge(state) };
          hasLost = false;
        }
        const patch = patches.next(state);
        if (patch === undefined) continue;
        if (isLost) {
          hasLost = true;
          continue;
        }
        const next = patched(page, overBridge(patch));
        if (patch.from === undefined) hasLost = false;
        expect(next === undefined).toBe(hasLost);
        if (next === undefined) continue;
        expect(plain(next.state)).toEqual(plain(state));
        page = next;
      }
    }),
  );
});
