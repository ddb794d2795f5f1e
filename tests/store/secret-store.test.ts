import { randomBytes } from 'node:crypto';
import { chmod, chown, copyFile, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { createAesSeal, createMemorySeal, openKeyFileSeal, type Seal } from '../../main/store/seal.ts';
import { createSecretStore, decodeEnvelope, encodeEnvelope } from '../../main/store/secret-store.ts';
import { describeWith } from '../support/parts.ts';
import { root, useTemporaryFolders } from './temporary-folder.ts';

const newFolder = useTemporaryFolders();
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const flip = (data: Uint8Array): Uint8Array => data.map((byte) => byte ^ 0x55);
const keySeal = (): Seal => createAesSeal('key-file', randomBytes(32));

async function keyFile(content: string, mode = 0o600): Promise<string> {
  const path = join(await newFolder(), 'key');
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

describe('the key file', () => {
  const key = randomBytes(32).toString('base64');

  test('opens what it sealed, after a restart too', async () => {
    const path = await keyFile(`${key}\n`);
    const sealed = await (await openKeyFileSeal(path)).seal(bytes('secret'));
    expect(Buffer.from(sealed).includes('secret')).toBe(false);
    const again = await openKeyFileSeal(path);
    expect(again.kind).toBe('key-file');
    expect(Uint8Array.from(await again.open(sealed))).toEqual(bytes('secret'));
  });

  test.each([0o640, 0o604, 0o622])('is refused where others have a right to it (mode %o)', async (mode) => {
    const path = await keyFile(key, mode);
    await expect(openKeyFileSeal(path)).rejects.toMatchObject({
      code: 'seal-unavailable',
      remedy: `Close it with: chmod 600 '${path}'`,
    });
  });

  test.each(['', 'password', randomBytes(16).toString('base64'), `${key}${key}`, 'x'.repeat(100_000)])(
    'is refused where it holds no 256-bit key',
    async (content) => {
      const path = await keyFile(content);
      const refusal: unknown = await openKeyFileSeal(path).catch((thrown: unknown) => thrown);
      expect(refusal).toMatchObject({
        code: 'seal-unavailable',
        remedy: expect.stringContaining('openssl rand'),
      });
      if (content !== '') expect(String(refusal)).not.toContain(content);
    },
  );

  test('is missed by name', async () => {
    const path = join(await newFolder(), 'no-key');
    await expect(openKeyFileSeal(path)).rejects.toMatchObject({
      code: 'seal-unavailable',
      message: expect.stringContaining(path),
    });
  });

  describeWith([root], 'of another user', () => {
    test('is refused', async () => {
      const path = await keyFile(key);
      await chown(path, 12_345, 12_345);
      await expect(openKeyFileSeal(path)).rejects.toMatchObject({ code: 'seal-unavailable' });
    });
  });
});

test('the envelope gives back what was put in, and nothing for other bytes', () => {
  const label = fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' });
  const envelope = fc.record({ kind: label, name: label, secret: fc.uint8Array({ maxLength: 500 }) });
  fc.assert(
    fc.property(envelope, fc.nat(), fc.uint8Array({ maxLength: 100 }), (value, where, other) => {
      const encoded = encodeEnvelope(value);
      expect(decodeEnvelope(encoded)).toEqual(value);
      const flipped = Uint8Array.from(encoded);
      const at = where % (flipped.length * 8);
      flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at & 7));
      expect(decodeEnvelope(flipped)).toBeUndefined();
      expect(decodeEnvelope(encoded.subarray(0, where % encoded.length))).toBeUndefined();
      expect(decodeEnvelope(other)).toBeUndefined();
    }),
    { numRuns: 2000 },
  );
});

describe('secrets on disk', () => {
  test('survive a restart, sealed, and are gone after delete', async () => {
    const folder = await newFolder();
    const seal = keySeal();
    const store = createSecretStore({ folder, seal });
    expect(await store.get('msal-cache')).toBeUndefined();
    expect(await store.list()).toEqual([]);
    await store.delete('msal-cache');
    await store.set('msal-cache', bytes('refresh token'));
    await store.set('Größe/../x', bytes('2'));
    await store.set('größe/../x', bytes('3'));

    const again = createSecretStore({ folder, seal });
    expect(await again.get('msal-cache')).toEqual(bytes('refresh token'));
    expect(await again.get('Größe/../x')).toEqual(bytes('2'));
    expect(await again.list()).toEqual(['Größe/../x', 'größe/../x', 'msal-cache']);
    expect(await readdir(folder)).toEqual(['key-file']);
    const files = await readdir(join(folder, 'key-file'));
    expect(new Set(files.map((file) => file.toLowerCase())).size).toBe(3);
    for (const file of files) {
      const path = join(folder, 'key-file', file);
      expect((await readFile(path)).includes('refresh token')).toBe(false);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    }

    await again.delete('msal-cache');
    expect(await again.get('msal-cache')).toBeUndefined();
    expect(await readdir(join(folder, 'key-file'))).toHaveLength(2);
  });

  test('are read and written in the order of the calls', async () => {
    const store = createSecretStore({ folder: await newFolder(), seal: keySeal() });
    const secret = bytes('first');
    const setting = store.set('a', secret);
    secret.fill(0);
    const reads = [store.get('a')];
    void store.set('a', bytes('second'));
    reads.push(store.get('a'));
    void store.delete('a');
    reads.push(store.get('a'));
    await setting;
    expect(await Promise.all(reads)).toEqual([bytes('first'), bytes('second'), undefined]);
  });

  test('refuse names that are empty or too long', async () => {
    for (const seal of [keySeal(), createMemorySeal('no key store')]) {
      const store = createSecretStore({ folder: await newFolder(), seal });
      await expect(store.set('', bytes('x'))).rejects.toThrow(RangeError);
      await expect(store.get('ä'.repeat(33))).rejects.toThrow(RangeError);
      await store.set('ä'.repeat(32), bytes('x'));
      expect(await store.list()).toEqual(['ä'.repeat(32)]);
    }
  });

  test('a damaged file is reported once and kept; the name is free again', async () => {
    const folder = await newFolder();
    const seal = keySeal();
    const store = createSecretStore({ folder, seal, now: () => new Date('2026-03-04T05:06:07.089Z') });
    const path = join(folder, 'key-file', 'a.sealed');
    for (const [n, kept] of [
      `${path}.quarantine-20260304T050607.089Z`,
      `${path}.quarantine-20260304T050607.089Z-2`,
    ].entries()) {
      await store.set('a', bytes('good'));
      await writeFile(path, `damage ${n}`);
      await expect(store.get('a')).rejects.toMatchObject({
        code: 'sealed-unreadable',
        remedy: expect.stringContaining(`${kept}.`),
      });
      expect(await store.get('a')).toBeUndefined();
      expect(await readFile(kept, 'utf8')).toBe(`damage ${n}`);
    }
    expect(await store.list()).toEqual([]);
    await store.set('a', bytes('new'));
    expect(await store.get('a')).toEqual(bytes('new'));
  });

  test('two calls at once quarantine a damaged file once', async () => {
    const folder = await newFolder();
    const store = createSecretStore({ folder, seal: keySeal() });
    await store.set('a', bytes('good'));
    await writeFile(join(folder, 'key-file', 'a.sealed'), 'damage');
    const results = await Promise.allSettled([store.get('a'), store.get('a')]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(await readdir(join(folder, 'key-file'))).toHaveLength(1);
  });

  test('swapped, copied and foreign files are noticed', async () => {
    const folder = await newFolder();
    const key = randomBytes(32);
    const store = createSecretStore({ folder, seal: createAesSeal('key-file', key) });
    const file = (name: string): string => join(folder, 'key-file', `${name}.sealed`);
    await store.set('a', bytes('secret of a'));
    await store.set('b', bytes('secret of b'));
    await rename(file('a'), file('x'));
    await rename(file('b'), file('a'));
    await rename(file('x'), file('b'));
    await expect(store.get('a')).rejects.toMatchObject({ code: 'sealed-unreadable' });
    await expect(store.get('b')).rejects.toMatchObject({ code: 'sealed-unreadable' });

    await store.set('c', bytes('secret of c'));
    await mkdir(join(folder, 'keychain'));
    await copyFile(file('c'), join(folder, 'keychain', 'c.sealed'));
    const sameKeyOtherKind = createSecretStore({ folder, seal: createAesSeal('keychain', key) });
    await expect(sameKeyOtherKind.get('c')).rejects.toMatchObject({ code: 'sealed-unreadable' });

    const otherKey = createSecretStore({ folder, seal: keySeal() });
    await expect(otherKey.get('c')).rejects.toMatchObject({ code: 'sealed-unreadable' });
  });

  test('a seal without authentication does not hide damage', async () => {
    const folder = await newFolder();
    const stream: Seal = {
      kind: 'keychain',
      seal: async (plain) => flip(plain),
      open: async (sealed) => flip(sealed),
    };
    const store = createSecretStore({ folder, seal: stream });
    const path = join(folder, 'keychain', 'a.sealed');
    await store.set('a', bytes('pay 100'));
    const file = await readFile(path);
    file[file.length - 1] = (file.at(-1) ?? 0) ^ 1;
    await writeFile(path, file);
    await expect(store.get('a')).rejects.toMatchObject({ code: 'sealed-unreadable' });
  });

  test('a locked keyring is not damage: nothing moves, and it works once unlocked', async () => {
    const folder = await newFolder();
    const inner = keySeal();
    let locked = false;
    function check(): void {
      if (locked) throw new LatchkeyError('seal-unavailable', 'The keyring is locked.');
    }
    const seal: Seal = {
      kind: 'keychain',
      async seal(plain) {
        check();
        return inner.seal(plain);
      },
      async open(sealed) {
        check();
        return inner.open(sealed);
      },
    };
    const store = createSecretStore({ folder, seal });
    await store.set('a', bytes('secret'));
    locked = true;
    await expect(store.get('a')).rejects.toMatchObject({ code: 'seal-unavailable' });
    await expect(store.set('a', bytes('new'))).rejects.toMatchObject({ code: 'seal-unavailable' });
    expect(await readdir(join(folder, 'keychain'))).toEqual(['a.sealed']);
    locked = false;
    expect(await store.get('a')).toEqual(bytes('secret'));
  });

  const everyDamage = 'every bit of a 4 KB file flipped and every truncation: detected, kept, nothing wiped';
  test(everyDamage, { timeout: 180_000 }, async () => {
    const secret = Uint8Array.from(randomBytes(4096));
    const seal = keySeal();
    let sealedLength = 0;

    /** Checks every `lanes`th damage, in a folder of its own: the waits for the disk overlap. */
    async function lane(first: number, lanes: number): Promise<number> {
      const folder = await newFolder();
      const store = createSecretStore({ folder, seal });
      await store.set('a', secret);
      const path = join(folder, 'key-file', 'a.sealed');
      const good = readFileSync(path);
      sealedLength = good.length;
      let checked = 0;
      for (let n = first; n < good.length * 9; n += lanes) {
        const damaged = Buffer.from(n < good.length * 8 ? good : good.subarray(0, n - good.length * 8));
        if (n < good.length * 8) damaged[n >> 3] = (damaged[n >> 3] ?? 0) ^ (1 << (n & 7));
        writeFileSync(path, damaged);
        const outcome: unknown = await store.get('a').catch((thrown: unknown) => thrown);
        const files = readdirSync(join(folder, 'key-file'));
        const kept = join(folder, 'key-file', files[0] ?? '');
        const isReported = outcome instanceof LatchkeyError && outcome.code === 'sealed-unreadable';
        const isKept = files.length === 1 && kept.startsWith(`${path}.quarantine-`);
        if (!isReported || !isKept || !readFileSync(kept).equals(damaged)) {
          expect.unreachable(`damage ${n}: ${String(outcome)}, files ${files.join(', ')}`);
        }
        unlinkSync(kept);
        checked += 1;
      }
      writeFileSync(path, good);
      expect(await store.get('a')).toEqual(secret);
      return checked;
    }
    const checked = await Promise.all([0, 1, 2, 3].map((first) => lane(first, 4)));
    const total = checked.reduce((sum, each) => sum + each, 0);
    expect(sealedLength).toBeGreaterThan(4096);
    expect(total).toBe(sealedLength * 9);
    process.stdout.write(
      `sealed store: ${total} damaged files of ${sealedLength} bytes, all detected and kept\n`,
    );
  });
});

describe('secrets in memory', () => {
  test('touch no disk, and callers cannot change what is kept', async () => {
    const folder = await newFolder();
    const seal = createMemorySeal('This machine has no keyring.');
    expect(seal).toMatchObject({ kind: 'memory', reason: 'This machine has no keyring.' });
    const store = createSecretStore({ folder, seal });
    await store.set('a', bytes('secret'));
    (await store.get('a'))?.fill(0);
    expect(await store.get('a')).toEqual(bytes('secret'));
    expect(await store.list()).toEqual(['a']);
    await store.delete('a');
    expect(await store.get('a')).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
  });
});
