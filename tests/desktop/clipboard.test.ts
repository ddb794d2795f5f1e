import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { httpsAddress } from '../../main/contract/https-address.ts';
import { secretFormats } from '../../main/desktop/secret-formats.ts';
import * as states from '../renderer/states.ts';
import { createSecretClipboard, createSignOutWatch } from '../../main/desktop/clipboard.ts';

/** As Electron's: synchronous up to 44, with promises from 45. */
function createClipboard(asynchronous: boolean) {
  let text = '';
  const answer = <T>(value: T): T | Promise<T> => (asynchronous ? Promise.resolve(value) : value);
  return {
    readText: () => answer(text),
    writeSecret(next: string) {
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
    await clipboard.writeSecret('a shopping list');
    await vi.advanceTimersByTimeAsync(120_000);
    await secrets.clear();
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
    await secrets.clear();
    expect(await clipboard.readText()).toBe('');
    await clipboard.writeSecret('lk_one');
    await secrets.clear();
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

describe('beside a secret', () => {
  const name = (format: string): string => `electron application/osclipboard;format="${format}"`;
  const bytes = async (value: string | Blob | undefined): Promise<number[]> =>
    value instanceof Blob ? [...new Uint8Array(await value.arrayBuffer())] : [];

  test('stand the marks that keep it out of histories and clouds', async () => {
    expect(secretFormats('lk_one', 'darwin')).toMatchObject({
      'text/plain': 'lk_one',
      [name('org.nspasteboard.ConcealedType')]: expect.any(Blob) as Blob,
    });
    const linux = secretFormats('lk_one', 'linux')[name('x-kde-passwordManagerHint')];
    expect(await bytes(linux)).toEqual([...Buffer.from('secret')]);
    const windows = secretFormats('lk_one', 'win32');
    expect(Object.keys(windows)).toHaveLength(4);
    for (const format of ['CanIncludeInClipboardHistory', 'CanUploadToCloudClipboard'])
      expect(await bytes(windows[name(format)])).toEqual([0, 0, 0, 0]);
    expect(windows).toHaveProperty([name('ExcludeClipboardContentFromMonitorProcessing')]);
  });
});

test('the end of a sign-in is told once, and none before the first', () => {
  let told = 0;
  const watch = createSignOutWatch(() => (told += 1));
  const [signedOut, signedIn] = [states.signedOut, states.signedIn];
  for (const state of [signedOut, signedOut, signedIn, signedIn]) watch(state);
  expect(told).toBe(0);
  for (const state of [signedOut, signedOut, signedIn, signedOut]) watch(state);
  expect(told).toBe(2);
});

test('only https leaves for the browser, by one function', async () => {
  for (const address of ['http://a.test/', 'file:///etc/passwd', 'javascript:1', 'https://u@a.test', ''])
    expect(() => new URL(httpsAddress(address)), address).toThrow(TypeError);
  expect(httpsAddress('HTTPS://A.test:443/x')).toBe('https://a.test/x');
  const main = join(import.meta.dirname, '../../main');
  const users: string[] = [];
  for (const file of await readdir(main, { recursive: true }))
    if (file.endsWith('.ts') && /\bshell\.openExternal\(/.test(await readFile(join(main, file), 'utf8')))
      users.push(file);
  expect(users).toEqual([join('desktop', 'open-external.ts')]);
});
