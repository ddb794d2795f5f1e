import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Secret } from 'otpauth';
import { describe, expect, test } from 'vitest';
import { createTotp, type Totp } from '../../main/second-factor/totp.ts';
import { createAesSeal, createMemorySeal, type Seal } from '../../main/store/seal.ts';
import { createSecretStore } from '../../main/store/secret-store.ts';
import { codeOf, enrol, filesUnder, useFastFolders, wrongCode } from './totp-fixture.ts';
import { alice, noon, openTotp, stepMs } from './totp-home.ts';

const newFolder = useFastFolders();

function ledgerPath(folder: string): string {
  return join(folder, 'mfa', 'second-factor.sqlite');
}

function sealedFolder(folder: string): string {
  return join(folder, 'sealed', 'key-file');
}

function withSeal(folder: string, seal: Seal): Totp {
  const secrets = createSecretStore({ folder: join(folder, 'sealed'), seal });
  return createTotp({ folder: join(folder, 'mfa'), secrets, seal, issuer: 'Latchkey', now: () => noon });
}

/** Nothing that needs the truth gets any further, and nobody counts as not enrolled. */
async function expectClosed(totp: Totp, code: string): Promise<void> {
  const unavailable = { code: 'mfa-unavailable', message: expect.any(String), remedy: expect.any(String) };
  await expect(totp.verify(alice, code)).rejects.toMatchObject(unavailable);
  await expect(totp.verify(alice, code)).rejects.toMatchObject(unavailable);
  await expect(totp.state(alice)).rejects.toMatchObject(unavailable);
  await expect(totp.begin(alice)).rejects.toMatchObject({
    code: expect.stringMatching(/^mfa-(unavailable|required)$/),
  });
}

describe('the sealed key', () => {
  test('flipped or cut anywhere: closed, until it is put back or an administrator resets', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    const folder = sealedFolder(home.folder);
    const [name = ''] = await readdir(folder);
    const good = await readFile(join(folder, name));
    const damaged = [
      ...Array.from(good, (_, n) => {
        const copy = Buffer.from(good);
        copy[n] = (copy[n] ?? 0) ^ (1 << (n % 8));
        return copy;
      }),
      ...Array.from(good, (_, length) => good.subarray(0, length)),
    ];
    for (const bytes of damaged) {
      await writeFile(join(folder, name), bytes);
      const { totp } = openTotp(home.folder);
      await expect(totp.state(alice)).rejects.toMatchObject({ code: 'mfa-unavailable' });
      await expect(totp.verify(alice, codeOf(key, home, 1))).rejects.toMatchObject({
        code: 'mfa-unavailable',
      });
      await expect(totp.begin(alice)).rejects.toMatchObject({ code: 'mfa-required' });
    }
    await expectClosed(openTotp(home.folder).totp, codeOf(key, home, 1));

    await writeFile(join(folder, name), good);
    expect(await home.totp.state(alice)).toMatchObject({ enrolled: true, recoveryCodesLeft: 10 });
    await rm(join(folder, name));
    await expectClosed(openTotp(home.folder).totp, codeOf(key, home, 1));
    await home.totp.reset(alice);
    await enrol(home);
    expect(await home.totp.state(alice)).toMatchObject({ enrolled: true });
  });

  test('under another key: closed', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    await expectClosed(
      withSeal(home.folder, createAesSeal('key-file', Buffer.alloc(32, 8))),
      codeOf(key, home, 1),
    );
  });

  test('while the key store is missing: closed, with what to do about it', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    const totp = withSeal(home.folder, createMemorySeal('No keyring is running.'));
    await expect(totp.verify(alice, codeOf(key, home, 1))).rejects.toMatchObject({
      code: 'mfa-unavailable',
      message: expect.stringContaining('No keyring is running.'),
      remedy: expect.stringContaining('--key-file'),
    });
    await expect(totp.state(alice)).rejects.toMatchObject({ code: 'mfa-unavailable' });
    expect(await home.totp.verify(alice, codeOf(key, home, 1))).toMatchObject({ kind: 'accepted' });
  });

  test('that a crash kept from being written: the enrolment begins again', async () => {
    const home = openTotp(await newFolder());
    await home.totp.begin(alice);
    await rm(sealedFolder(home.folder), { recursive: true });
    await expect(home.totp.confirm(alice, '123456')).rejects.toMatchObject({ code: 'mfa-not-enrolled' });
    await enrol(home);
  });
});

describe('the ledger', () => {
  test('gone: closed, since the keys show that there was one; an administrator resets', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    await rm(ledgerPath(home.folder));
    await expectClosed(home.totp, codeOf(key, home, 1));
    await home.totp.reset(alice);
    expect(await home.totp.state(alice)).toEqual({ enrolled: false, recoveryCodesLeft: 0 });
    await enrol(home);
  });

  test.each([
    ['rubbish', Buffer.alloc(20_000, 'rubbish ')],
    ['cut short', undefined],
  ])('%s: closed, and left as it is', async (_, content) => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    const path = ledgerPath(home.folder);
    const bytes = content ?? (await readFile(path)).subarray(0, 6_000);
    await writeFile(path, bytes);
    await expectClosed(home.totp, codeOf(key, home, 1));
    expect(await readFile(path)).toEqual(bytes);
  });

  test('of a newer version: closed', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    const database = new DatabaseSync(ledgerPath(home.folder));
    database.exec('PRAGMA user_version = 2');
    database.close();
    await expectClosed(home.totp, codeOf(key, home, 1));
  });

  test('taken by another program for good: closed after some seconds, open again when it ends', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    const other = new DatabaseSync(ledgerPath(home.folder));
    other.exec('BEGIN EXCLUSIVE');
    await expect(home.totp.verify(alice, codeOf(key, home, 1))).rejects.toMatchObject({
      code: 'mfa-unavailable',
      message: expect.stringContaining('another program keeps it locked'),
    });
    setTimeout(() => other.close(), 300);
    expect(await home.totp.verify(alice, codeOf(key, home, 1))).toMatchObject({ kind: 'accepted' });
  });

  test('where its folder should be there is a file: closed', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    await rename(join(home.folder, 'mfa'), join(home.folder, 'elsewhere'));
    await writeFile(join(home.folder, 'mfa'), '');
    await expectClosed(home.totp, codeOf(key, home, 1));
  });

  test('and its folder are open to their owner only', async () => {
    const home = openTotp(await newFolder());
    await enrol(home);
    expect((await stat(join(home.folder, 'mfa'))).mode & 0o777).toBe(0o700);
    expect((await stat(ledgerPath(home.folder))).mode & 0o777).toBe(0o600);
  });
});

test('no key, no recovery code and no submitted code is in any file', async () => {
  const home = openTotp(await newFolder());
  const first = await enrol(home);
  home.time += stepMs;
  const second = await home.totp.begin(alice, { isProved: true });
  const secondKey = Secret.fromBase32(second.key.replaceAll(' ', '')).bytes;
  const recovery = await home.totp.confirm(alice, codeOf(secondKey, home));
  await home.totp.verify(alice, recovery[0] ?? '');
  await home.totp.verify(alice, wrongCode(secondKey, home));
  await home.totp.begin({ ...alice, objectId: 'somebody else' });

  const canaries = [first.key, secondKey].flatMap((key) => {
    const secret = new Secret({ buffer: Uint8Array.from(key).buffer });
    return [
      Buffer.from(key),
      ...[secret.base32, secret.hex, Buffer.from(key).toString('base64').slice(0, 24)].map((text) =>
        Buffer.from(text),
      ),
    ];
  });
  for (const code of [...first.recovery, ...recovery]) {
    const bare = code.replaceAll('-', '');
    for (const text of [code, bare, bare.toLowerCase()]) canaries.push(Buffer.from(text));
  }
  const files = await filesUnder(home.folder);
  expect(files.length).toBeGreaterThanOrEqual(3);
  for (const { path, bytes } of files)
    for (const canary of canaries) expect(bytes.includes(canary), path).toBe(false);
  // The search finds what is there.
  expect(files.some(({ bytes }) => bytes.includes('recovery_code'))).toBe(true);
});
