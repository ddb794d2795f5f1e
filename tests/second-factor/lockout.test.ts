import { describe, expect, test } from 'vitest';
import { codeOf, enrol, useFastFolders, wrongCode } from './totp-fixture.ts';
import { alice, noon, openTotp, stepMs, type TotpHome } from './totp-home.ts';

const newFolder = useFastFolders();
const minute = 60_000;

async function fail(home: TotpHome, key: Uint8Array, times: number): Promise<unknown> {
  let last: unknown;
  for (let n = 0; n < times; n += 1) last = await home.totp.verify(alice, wrongCode(key, home));
  return last;
}

describe('ten wrong codes in a row', () => {
  test('lock for 15 minutes, through a restart, against the right code too', async () => {
    const home = openTotp(await newFolder());
    const { key, recovery } = await enrol(home);
    expect(await fail(home, key, 9)).toEqual({ kind: 'wrong', failures: 9, error: expect.any(Error) });
    expect(await fail(home, key, 1)).toMatchObject({
      kind: 'wrong',
      failures: 10,
      lock: { until: noon + 15 * minute },
    });

    const restarted = openTotp(home.folder, noon + 14 * minute);
    const right = codeOf(key, restarted);
    const refusal = {
      kind: 'locked',
      lock: { until: noon + 15 * minute },
      error: expect.objectContaining({
        code: 'mfa-locked',
        message: expect.stringMatching(/until \d\d:15\.$/),
      }),
    };
    expect(await restarted.totp.verify(alice, right)).toEqual(refusal);
    expect(await restarted.totp.verify(alice, wrongCode(key, restarted))).toEqual(refusal);
    expect(await restarted.totp.verify(alice, recovery[0] ?? '')).toEqual(refusal);
    expect(await restarted.totp.state(alice)).toMatchObject({
      enrolled: true,
      lock: { until: noon + 15 * minute },
    });

    // What was refused during the lock is not used up.
    restarted.time = noon + 15 * minute;
    expect(await restarted.totp.verify(alice, codeOf(key, restarted))).toMatchObject({ kind: 'accepted' });
    expect(await restarted.totp.verify(alice, recovery[0] ?? '')).toMatchObject({ kind: 'accepted' });
    expect(await restarted.totp.state(alice)).not.toHaveProperty('lock');
  });

  test('are counted from the last success', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    for (let round = 1; round <= 3; round += 1) {
      expect(await fail(home, key, 9)).toMatchObject({ failures: 9 });
      home.time += 2 * stepMs;
      expect(await home.totp.verify(alice, codeOf(key, home))).toMatchObject({ kind: 'accepted' });
    }
  });

  test('are counted by success alone, however long they lie apart', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    for (let n = 1; n <= 9; n += 1) {
      home.time += 3 * 24 * 60 * minute;
      expect(await fail(home, key, 1)).toMatchObject({ failures: n });
    }
    expect(await fail(home, key, 1)).toMatchObject({ failures: 10, lock: {} });
  });

  test('of one account do not lock another', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    const bob = { ...alice, objectId: 'bob' };
    const other = await enrol(home, bob);
    await fail(home, key, 10);
    expect(await home.totp.verify(bob, codeOf(other.key, home, 1))).toMatchObject({ kind: 'accepted' });
  });

  test('replayed codes are not among them', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    for (let n = 0; n < 15; n += 1)
      expect(await home.totp.verify(alice, codeOf(key, home))).toMatchObject({ kind: 'replayed' });
  });

  test('an administrator ends the lock', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    await fail(home, key, 10);
    await home.totp.reset(alice);
    const again = await enrol(home);
    expect(await home.totp.verify(alice, codeOf(again.key, home, 1))).toMatchObject({ kind: 'accepted' });
  });
});

describe('a hundred wrong codes in a row', () => {
  test('lock until an administrator resets', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    for (let round = 1; round <= 9; round += 1) {
      expect(await fail(home, key, 10)).toMatchObject({
        failures: round * 10,
        lock: { until: home.time + 15 * minute },
      });
      home.time += 15 * minute;
    }
    expect(await fail(home, key, 10)).toMatchObject({ kind: 'wrong', failures: 100, lock: {} });
    home.time += 365 * 24 * 60 * minute;
    expect(await home.totp.verify(alice, codeOf(key, home))).toMatchObject({
      kind: 'locked',
      lock: {},
      error: { code: 'mfa-locked', remedy: expect.stringContaining('administrator') },
    });
    await home.totp.reset(alice);
    const again = await enrol(home);
    expect(await home.totp.verify(alice, codeOf(again.key, home, 1))).toMatchObject({ kind: 'accepted' });
  });
});

describe('a clock that is set', () => {
  test('back by a year makes the lock end 15 minutes after that is noticed', async () => {
    const home = openTotp(await newFolder());
    const { key, recovery } = await enrol(home);
    await fail(home, key, 10);
    home.time -= 365 * 24 * 60 * minute;
    const noticed = home.time;
    expect(await home.totp.verify(alice, '123456')).toMatchObject({ lock: { until: noticed + 15 * minute } });
    home.time += 14 * minute;
    expect(await home.totp.verify(alice, '123456')).toMatchObject({ lock: { until: noticed + 15 * minute } });
    home.time += minute;
    expect(await home.totp.verify(alice, recovery[0] ?? '')).toMatchObject({ kind: 'accepted' });
  });

  test('back after the lock was over does not bring it back', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    await fail(home, key, 10);
    home.time += 16 * minute;
    expect(await fail(home, key, 1)).toMatchObject({ kind: 'wrong', failures: 11 });
    home.time -= 10 * minute;
    expect(await fail(home, key, 1)).toMatchObject({ kind: 'wrong', failures: 12 });
  });
});

describe('with a password', () => {
  test('a wrong one counts, and the code is not used up', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    const code = codeOf(key, home, 1);
    expect(await home.totp.verify(alice, code, { firstFactor: false })).toMatchObject({
      kind: 'wrong',
      failures: 1,
    });
    expect(await home.totp.verify(alice, code, { firstFactor: true })).toMatchObject({ kind: 'accepted' });
    expect(await home.totp.verify(alice, code, { firstFactor: true })).toMatchObject({
      kind: 'wrong',
      failures: 1,
    });
  });

  test('names that nobody has are locked alike, and forgotten after a day', async () => {
    const home = openTotp(await newFolder());
    const nobody = { tenantId: 'local', objectId: 'nobody:x' };
    const guess = () => home.totp.verify(nobody, '123456', { firstFactor: false });
    for (let n = 1; n <= 10; n += 1) expect(await guess()).toMatchObject({ kind: 'wrong', failures: n });
    expect(await guess()).toMatchObject({ kind: 'locked' });
    home.time += 25 * 60 * minute;
    await home.totp.verify({ tenantId: 'local', objectId: 'nobody:y' }, '123456', { firstFactor: false });
    expect(await guess()).toMatchObject({ kind: 'wrong', failures: 1 });
  });
});
