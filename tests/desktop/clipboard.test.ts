import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSecretClipboard } from '../../main/desktop/clipboard.ts';

/** As Electron's: synchronous up to 44, with promises from 45. */
function createClipboard(asynchronous: boolean) {
  let text = '';
  const answer = <T>(value: T): T | Promise<T> => (asynchronous ? Promise.resolve(value) : value);
  return {
    readText: () => answer(text),
    writeText(next: string) {
      text = next;
      return answer(undefined) as void | Promise<void>;
    },
    clear() {
      text = '';
    },
  };
}

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-03-10T09:00:00Z') }));
afterEach(() => void vi.useRealTimers());

describe.each([
  ['synchronous', false],
  ['asynchronous', true],
])('a secret on a %s clipboard', (_name, asynchronous) => {
  test('goes after a minute, at the time that was told', async () => {
    const clipboard = createClipboard(asynchronous);
    const secrets = createSecretClipboard(clipboard);
    expect(await secrets.copy('lk_one')).toEqual(new Date('2026-03-10T09:01:00Z'));
    await vi.advanceTimersByTimeAsync(59_999);
    expect(await clipboard.readText()).toBe('lk_one');
    await vi.advanceTimersByTimeAsync(1);
    expect(await clipboard.readText()).toBe('');
  });

  test('what the person has copied since stays', async () => {
    const clipboard = createClipboard(asynchronous);
    const secrets = createSecretClipboard(clipboard);
    await secrets.copy('lk_one');
    await clipboard.writeText('a shopping list');
    await vi.advanceTimersByTimeAsync(120_000);
    await secrets.close();
    expect(await clipboard.readText()).toBe('a shopping list');
  });

  test('a second secret has its own full minute', async () => {
    const clipboard = createClipboard(asynchronous);
    const secrets = createSecretClipboard(clipboard);
    await secrets.copy('lk_one');
    await vi.advanceTimersByTimeAsync(40_000);
    await secrets.copy('lk_two');
    await vi.advanceTimersByTimeAsync(40_000);
    expect(await clipboard.readText()).toBe('lk_two');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await clipboard.readText()).toBe('');
  });

  test('closing clears at once, and only once', async () => {
    const clipboard = createClipboard(asynchronous);
    const secrets = createSecretClipboard(clipboard);
    await secrets.copy('lk_one');
    await secrets.close();
    expect(await clipboard.readText()).toBe('');
    await clipboard.writeText('lk_one');
    await secrets.close();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(await clipboard.readText()).toBe('lk_one');
  });

  test('after sleep, in which timers stand still, the wall clock counts', async () => {
    const clipboard = createClipboard(asynchronous);
    let now = 0;
    const secrets = createSecretClipboard(clipboard, { now: () => now });
    await secrets.copy('lk_one');
    now = 59_999;
    await secrets.recheck();
    expect(await clipboard.readText()).toBe('lk_one');
    now = 8 * 3_600_000;
    await secrets.recheck();
    expect(await clipboard.readText()).toBe('');
  });
});
