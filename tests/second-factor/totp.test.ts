import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createTotp } from '../../main/second-factor/totp.ts';
import { createMemorySeal } from '../../main/store/seal.ts';
import { createSecretStore } from '../../main/store/secret-store.ts';
import { codeOf, enrol, keyOf, useFastFolders, wrongCode } from './totp-fixture.ts';
import { alice, noon, openTotp, stepMs } from './totp-home.ts';

const newFolder = useFastFolders();
const bob = { ...alice, objectId: '0f5a0000-0000-4000-8000-000000000b0b', username: 'bob@contoso.example' };

describe('enrolment', () => {
  test('counts once a code has confirmed it', async () => {
    const home = openTotp(await newFolder());
    expect(await home.totp.state(alice)).toEqual({ enrolled: false, recoveryCodesLeft: 0 });
    const offer = await home.totp.begin(alice);
    expect(offer.uri).toContain('alice%40contoso.example');
    const key = keyOf(offer.key);
    expect(await home.totp.state(alice)).toEqual({ enrolled: false, recoveryCodesLeft: 0 });
    await expect(home.totp.verify(alice, codeOf(key, home))).rejects.toMatchObject({
      code: 'mfa-not-enrolled',
    });

    await expect(home.totp.confirm(alice, wrongCode(key, home))).rejects.toMatchObject({ code: 'mfa-wrong' });
    await expect(home.totp.confirm(alice, 'hello')).rejects.toMatchObject({ code: 'mfa-wrong' });
    const recovery = await home.totp.confirm(alice, codeOf(key, home));
    expect(recovery).toHaveLength(10);
    expect(new Set(recovery).size).toBe(10);
    for (const code of recovery) expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$/);

    const restarted = openTotp(home.folder);
    expect(await restarted.totp.state(alice)).toEqual({
      enrolled: true,
      confirmedAt: noon,
      recoveryCodesLeft: 10,
    });
    expect(await restarted.totp.state(bob)).toMatchObject({ enrolled: false });
  });

  test('survives a restart before it is confirmed', async () => {
    const home = openTotp(await newFolder());
    const key = keyOf((await home.totp.begin(alice)).key);
    const restarted = openTotp(home.folder);
    await restarted.totp.confirm(alice, codeOf(key, restarted));
    expect(await restarted.totp.state(alice)).toMatchObject({ enrolled: true });
  });

  test('the code that confirmed it is used up', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    expect(await home.totp.verify(alice, codeOf(key, home))).toMatchObject({ kind: 'replayed' });
    expect(await home.totp.verify(alice, codeOf(key, home, 1))).toMatchObject({
      kind: 'accepted',
      method: 'totp',
      recoveryCodesLeft: 10,
    });
  });

  test('beginning again makes the earlier key worthless', async () => {
    const home = openTotp(await newFolder());
    const first = keyOf((await home.totp.begin(alice)).key);
    const second = keyOf((await home.totp.begin(alice)).key);
    await expect(home.totp.confirm(alice, codeOf(first, home))).rejects.toMatchObject({ code: 'mfa-wrong' });
    await home.totp.confirm(alice, codeOf(second, home));
    expect(await home.secrets.list()).toHaveLength(1);
  });

  test('of many confirmations at once one is given recovery codes', async () => {
    const home = openTotp(await newFolder());
    const key = keyOf((await home.totp.begin(alice)).key);
    const code = codeOf(key, home);
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, () => home.totp.confirm(alice, code)),
    );
    const [given, ...more] = answers.filter((answer) => answer.status === 'fulfilled');
    expect(more).toEqual([]);
    expect(await home.totp.state(alice)).toMatchObject({ recoveryCodesLeft: 10 });
    expect(await home.totp.verify(alice, given?.value[9] ?? '')).toMatchObject({ method: 'recovery' });
  });

  test('without beginning there is nothing to confirm', async () => {
    const { totp } = openTotp(await newFolder());
    await expect(totp.confirm(alice, '123456')).rejects.toMatchObject({ code: 'mfa-not-enrolled' });
  });

  test('another one takes a proof, and the one in force stays until the new one is confirmed', async () => {
    const home = openTotp(await newFolder());
    const old = await enrol(home);
    await expect(home.totp.begin(alice)).rejects.toMatchObject({
      code: 'mfa-required',
      remedy: expect.any(String),
    });
    const fresh = keyOf((await home.totp.begin(alice, { isProved: true })).key);

    home.time += stepMs;
    expect(await home.totp.verify(alice, codeOf(old.key, home, 1))).toMatchObject({ kind: 'accepted' });
    const recovery = await home.totp.confirm(alice, codeOf(fresh, home));
    home.time += stepMs;
    expect(await home.totp.verify(alice, codeOf(old.key, home, 1))).toMatchObject({ kind: 'wrong' });
    expect(await home.totp.verify(alice, old.recovery[0] ?? '')).toMatchObject({ kind: 'wrong' });
    expect(await home.totp.verify(alice, recovery[0] ?? '')).toMatchObject({ kind: 'accepted' });
    expect(await home.totp.verify(alice, codeOf(fresh, home))).toMatchObject({ kind: 'accepted' });
    expect(await home.secrets.list()).toHaveLength(1);
  });

  test('is refused where the key would be forgotten', async () => {
    const folder = await newFolder();
    const seal = createMemorySeal('No keyring is running.');
    const secrets = createSecretStore({ folder, seal });
    const totp = createTotp({ folder: join(folder, 'mfa'), secrets, seal, issuer: 'Latchkey' });
    await expect(totp.begin(alice)).rejects.toMatchObject({
      code: 'seal-unavailable',
      message: expect.stringContaining('No keyring is running'),
      remedy: expect.stringMatching(/keyring.*--key-file/),
    });
    expect(await secrets.list()).toEqual([]);
  });
});

describe('a code', () => {
  test('of the step before, of this one and of the next is accepted, each once', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    home.time += 10 * stepMs;
    for (const off of [-1, 0, 1]) {
      const code = codeOf(key, home, off);
      expect(await home.totp.verify(alice, code)).toMatchObject({ kind: 'accepted' });
      expect(await home.totp.verify(alice, code)).toMatchObject({
        kind: 'replayed',
        error: { code: 'mfa-wrong' },
      });
    }
  });

  test('of two steps away is wrong', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    home.time += 10 * stepMs;
    for (const off of [-2, 2])
      expect(await home.totp.verify(alice, codeOf(key, home, off))).toMatchObject({
        kind: 'wrong',
        error: { code: 'mfa-wrong' },
      });
  });

  test('of an earlier step than the last one accepted comes too late', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    home.time += 10 * stepMs;
    expect(await home.totp.verify(alice, codeOf(key, home, 1))).toMatchObject({ kind: 'accepted' });
    expect(await home.totp.verify(alice, codeOf(key, home, 0))).toMatchObject({ kind: 'replayed' });
  });

  test('may be written with blanks and dashes', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    const code = codeOf(key, home, 1);
    const written = ` ${code.slice(0, 3)} - ${code.slice(3)}\n`;
    expect(await home.totp.verify(alice, written)).toMatchObject({ kind: 'accepted' });
  });

  test('that is none is told apart and not counted', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    for (let n = 0; n < 30; n += 1)
      expect(await home.totp.verify(alice, 'select 1')).toMatchObject({
        kind: 'malformed',
        error: { code: 'mfa-wrong' },
      });
    expect(await home.totp.verify(alice, codeOf(key, home, 1))).toMatchObject({ kind: 'accepted' });
  });

  test("of somebody else's key is wrong", async () => {
    const home = openTotp(await newFolder());
    await enrol(home);
    const other = await enrol(home, bob);
    expect(await home.totp.verify(alice, codeOf(other.key, home, 1))).toMatchObject({ kind: 'wrong' });
    expect(await home.totp.verify(alice, other.recovery[0] ?? '')).toMatchObject({ kind: 'wrong' });
    expect(await home.totp.verify(bob, codeOf(other.key, home, 1))).toMatchObject({ kind: 'accepted' });
  });

  test('after the clock was set back is none of those used before, and the person is told why', async () => {
    const home = openTotp(await newFolder());
    const { key, recovery } = await enrol(home);
    home.time += 1_000 * stepMs;
    expect(await home.totp.verify(alice, codeOf(key, home))).toMatchObject({ kind: 'accepted' });
    home.time -= 500 * stepMs;
    for (const off of [-1, 0, 1])
      expect(await home.totp.verify(alice, codeOf(key, home, off))).toMatchObject({
        kind: 'replayed',
        error: {
          message: expect.stringContaining('the clock of this computer is behind'),
          remedy: expect.stringContaining('clock'),
        },
      });
    expect(await home.totp.verify(alice, recovery[3] ?? '')).toMatchObject({ kind: 'accepted' });
    home.time += 501 * stepMs;
    expect(await home.totp.verify(alice, codeOf(key, home))).toMatchObject({ kind: 'accepted' });
  });
});

describe('a recovery code', () => {
  test('is accepted once, also after a restart, and counted down', async () => {
    const home = openTotp(await newFolder());
    const { recovery } = await enrol(home);
    let left = 10;
    for (const code of recovery) {
      left -= 1;
      const { totp } = openTotp(home.folder);
      expect(await totp.verify(alice, code.toLowerCase().replaceAll('-', ' '))).toEqual({
        kind: 'accepted',
        method: 'recovery',
        recoveryCodesLeft: left,
      });
      expect(await totp.verify(alice, code)).toMatchObject({ kind: 'wrong' });
      expect(await totp.state(alice)).toMatchObject({ recoveryCodesLeft: left });
    }
  });

  test('of many at once one is accepted', async () => {
    const home = openTotp(await newFolder());
    const { recovery } = await enrol(home);
    const others = openTotp(home.folder);
    const verdicts = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        (n % 2 === 0 ? home : others).totp.verify(alice, recovery[0] ?? ''),
      ),
    );
    expect(verdicts.filter(({ kind }) => kind === 'accepted')).toHaveLength(1);
  });
});

describe('removal', () => {
  test('leaves nothing of the key', async () => {
    const home = openTotp(await newFolder());
    const { recovery } = await enrol(home);
    await home.totp.reset(alice);
    expect(await home.totp.state(alice)).toEqual({ enrolled: false, recoveryCodesLeft: 0 });
    expect(await home.secrets.list()).toEqual([]);
    await expect(home.totp.verify(alice, recovery[0] ?? '')).rejects.toMatchObject({
      code: 'mfa-not-enrolled',
    });
    await enrol(home);
    expect(await home.totp.state(alice)).toMatchObject({ enrolled: true, recoveryCodesLeft: 10 });
  });

  test('an administrator needs no code', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    await enrol(home, bob);
    for (let n = 0; n < 10; n += 1) await home.totp.verify(alice, wrongCode(key, home));
    await home.totp.reset(alice);
    expect(await home.totp.state(alice)).toEqual({ enrolled: false, recoveryCodesLeft: 0 });
    expect(await home.totp.state(bob)).toMatchObject({ enrolled: true });
    expect(await home.secrets.list()).toHaveLength(1);
    await home.totp.reset(alice);
  });
});
