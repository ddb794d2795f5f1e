import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLocalAccounts, type LocalAccounts } from '../../main/local-accounts/accounts.ts';
import type { BreakGlassAccounts } from '../../main/local-accounts/lookup.ts';
import type { ScryptCost } from '../../main/local-accounts/password.ts';
import { createAesSeal } from '../../main/store/seal.ts';
import { createSecretStore } from '../../main/store/secret-store.ts';
import { codeOf, filesUnder, keyOf, useFastFolders, wrongCode } from '../second-factor/totp-fixture.ts';
import { openTotp, stepMs, type TotpHome } from '../second-factor/totp-home.ts';

const newFolder = useFastFolders();
/** Small, so that the tests about everything but the hash are quick. */
const cheap: ScryptCost = { N: 2 ** 10, r: 8, p: 1 };
const password = 'correct horse battery staple';
const groups = ['11111111-0000-4000-8000-000000000001', '11111111-0000-4000-8000-000000000002'];
const admin = { username: 'break-glass', password };
/** What the configuration file says. */
const named = (username: string, of: readonly string[] = groups) => ({
  username,
  displayName: username === 'break-glass' ? 'Notfall Zugang 🔥' : username,
  groups: of,
});
const inFile = ['break-glass', 'unfinished', 'with-account', 'disabled', 'another'].map((name) =>
  named(name),
);
const uniform = {
  code: 'sign-in-refused',
  message: 'The user name, the password or the code is wrong.',
  remedy: expect.any(String),
};

function accountsOf(
  home: TotpHome,
  cost: ScryptCost = cheap,
  file: BreakGlassAccounts = { enabled: true, accounts: inFile },
): LocalAccounts {
  return createLocalAccounts({ secrets: home.secrets, totp: home.totp, cost, file: async () => file });
}

/** An account that can sign in. */
async function ready(home: TotpHome, person = admin) {
  const accounts = accountsOf(home);
  const account = await accounts.add(person);
  const key = keyOf((await home.totp.begin(account)).key);
  const recovery = await home.totp.confirm(account, codeOf(key, home));
  home.time += 2 * stepMs;
  return { accounts, account, key, recovery };
}

describe('signing in', () => {
  test('with user name, password and code', async () => {
    const home = openTotp(await newFolder());
    const { account, key } = await ready(home);
    expect(account).toEqual({
      provider: 'local',
      tenantId: 'local',
      objectId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f-]{27}$/),
      username: 'break-glass',
      displayName: 'Notfall Zugang 🔥',
    });
    const restarted = openTotp(home.folder, home.time);
    expect(await accountsOf(restarted).authenticate(' Break-Glass ', password, codeOf(key, home))).toEqual({
      kind: 'accepted',
      account,
      groups: groups.map((id) => ({ id, name: '' })),
      method: 'totp',
      recoveryCodesLeft: 10,
    });
  });

  test('with a recovery code, once', async () => {
    const home = openTotp(await newFolder());
    const { accounts, recovery } = await ready(home);
    const code = recovery[0] ?? '';
    expect(await accounts.authenticate('break-glass', password, code)).toMatchObject({
      kind: 'accepted',
      method: 'recovery',
      recoveryCodesLeft: 9,
    });
    expect(await accounts.authenticate('break-glass', password, code)).toMatchObject({ why: 'wrong-code' });
  });

  test('whatever is wrong, the answer is the same; the audit learns which', async () => {
    const home = openTotp(await newFolder());
    const { accounts, account, key } = await ready(home);
    await accounts.add({ ...admin, username: 'unfinished' });
    const code = codeOf(key, home);
    const attempts = [
      ['nobody', password, code, 'unknown-account'],
      ['not a name!', password, code, 'unknown-account'],
      ['', '', code, 'unknown-account'],
      ['break-glass', `${password}.`, code, 'wrong-password'],
      ['break-glass', '', code, 'wrong-password'],
      ['break-glass', 'x'.repeat(1_000_000), code, 'wrong-password'],
      ['break-glass', password, wrongCode(key, home), 'wrong-code'],
      ['unfinished', password, code, 'no-second-factor'],
      ['unfinished', 'wrong', code, 'wrong-password'],
    ] as const;
    for (const [name, given, submitted, why] of attempts) {
      const verdict = await accounts.authenticate(name, given, submitted);
      expect(verdict, why).toMatchObject({ kind: 'refused', why, error: uniform });
      expect(verdict).not.toHaveProperty('lock');
      expect('account' in verdict).toBe(why !== 'unknown-account');
    }
    // The right code was not used up by any of them; a second use is as wrong as any other.
    expect(await accounts.authenticate('break-glass', password, code)).toMatchObject({
      kind: 'accepted',
      account,
    });
    expect(await accounts.authenticate('break-glass', password, code)).toMatchObject({
      why: 'wrong-code',
      error: uniform,
    });
  });

  test('what cannot be a code is turned away before the password is looked at', async () => {
    const home = openTotp(await newFolder());
    const { accounts, key } = await ready(home);
    for (let n = 0; n < 20; n += 1) {
      const right = await accounts.authenticate('break-glass', password, '12345');
      expect(right).toEqual(await accounts.authenticate('break-glass', 'wrong', '12345'));
      expect(right).toMatchObject({ kind: 'refused', why: 'malformed-code', error: { code: 'mfa-wrong' } });
    }
    expect(await accounts.authenticate('break-glass', password, codeOf(key, home))).toMatchObject({
      kind: 'accepted',
    });
  });

  test('of 50 at once with one code one gets in', async () => {
    const home = openTotp(await newFolder());
    const { key } = await ready(home);
    const code = codeOf(key, home);
    const several = [accountsOf(home), accountsOf(openTotp(home.folder, home.time)), accountsOf(home)];
    const verdicts = await Promise.all(
      Array.from({ length: 51 }, (_, n) => several[n % 3]?.authenticate('break-glass', password, code)),
    );
    expect(verdicts.filter((verdict) => verdict?.kind === 'accepted')).toHaveLength(1);
  });

  test('too many at once are told to come back, and hash nothing', async () => {
    const home = openTotp(await newFolder());
    const accounts = accountsOf(home, { N: 2 ** 13, r: 8, p: 1 });
    const answers = await Promise.allSettled(
      Array.from({ length: 60 }, () => accounts.authenticate('nobody', password, '123456')),
    );
    const turnedAway = answers.filter((answer) => answer.status === 'rejected');
    // One is at work and 20 wait; how many of the rest find room depends on how fast they come.
    expect(turnedAway.length).toBeGreaterThan(0);
    expect(turnedAway.length).toBeLessThanOrEqual(60 - 21);
    for (const { reason } of turnedAway) expect(reason).toMatchObject({ code: 'limit-reached' });
  });

  test('where the second factor cannot be checked nobody gets in', async () => {
    const home = openTotp(await newFolder());
    const { accounts, key } = await ready(home);
    for (const name of await home.secrets.list())
      if (name.startsWith('totp-')) await home.secrets.set(name, Buffer.from('damaged'));
    for (const given of [password, 'wrong'])
      await expect(accounts.authenticate('break-glass', given, codeOf(key, home))).rejects.toMatchObject({
        code: 'mfa-unavailable',
      });
  });
});

describe('lockout', () => {
  test('wrong passwords and wrong codes count together, through a restart', async () => {
    const home = openTotp(await newFolder());
    const { accounts, account, key } = await ready(home);
    for (let n = 1; n <= 5; n += 1) await accounts.authenticate('break-glass', 'wrong', codeOf(key, home));
    for (let n = 6; n <= 9; n += 1)
      await accounts.authenticate('break-glass', password, wrongCode(key, home));
    const until = home.time + 15 * 60_000;
    expect(await accounts.authenticate('break-glass', 'wrong', codeOf(key, home))).toMatchObject({
      why: 'wrong-password',
      account,
      lock: { until },
      error: { code: 'mfa-locked' },
    });
    const restarted = openTotp(home.folder, home.time + 60_000);
    for (const given of [password, 'wrong'])
      expect(
        await accountsOf(restarted).authenticate('break-glass', given, codeOf(key, restarted)),
      ).toMatchObject({
        kind: 'refused',
        why: 'locked',
        lock: { until },
        error: { code: 'mfa-locked' },
      });
    expect(await restarted.totp.verify(account, codeOf(key, restarted))).toMatchObject({ kind: 'locked' });
    restarted.time = until;
    expect(
      await accountsOf(restarted).authenticate('break-glass', password, codeOf(key, restarted)),
    ).toMatchObject({
      kind: 'accepted',
    });
  });

  test('a name that nobody has is locked just like one that somebody has', async () => {
    const home = openTotp(await newFolder());
    const { accounts } = await ready(home);
    const answers: Record<string, unknown[]> = { 'break-glass': [], nobody: [] };
    for (let n = 1; n <= 12; n += 1) {
      for (const [name, seen] of Object.entries(answers)) {
        const verdict = await accounts.authenticate(name, 'wrong', '123456');
        if (verdict.kind === 'refused') seen.push([verdict.error.code, verdict.error.message, verdict.lock]);
      }
    }
    expect(answers['nobody']).toHaveLength(12);
    expect(answers['nobody']).toEqual(answers['break-glass']);
    expect(answers['nobody']?.at(-1)).toMatchObject([
      'mfa-locked',
      expect.any(String),
      { until: expect.any(Number) },
    ]);
  });
});

test('a name that nobody has takes as long as one that somebody has', { timeout: 120_000 }, async () => {
  const home = openTotp(await newFolder());
  const accounts = accountsOf(home, { N: 2 ** 14, r: 8, p: 1 });
  for (const username of ['with-account', 'disabled']) {
    const account = await accounts.add({ ...admin, username });
    await home.totp.confirm(account, codeOf(keyOf((await home.totp.begin(account)).key), home));
  }
  await accounts.setEnabled('disabled', false);
  const fastest: Record<string, number> = { 'with-account': Infinity, disabled: Infinity, nobody: Infinity };
  for (let n = 0; n < 8; n += 1) {
    for (const [name, best] of Object.entries(fastest)) {
      // Processor time, which what else runs on the machine does not lengthen.
      const start = process.cpuUsage();
      await accounts.authenticate(name, 'a wrong password', '123456');
      const { user, system } = process.cpuUsage(start);
      fastest[name] = Math.min(best, (user + system) / 1000);
    }
  }
  const times = Object.values(fastest);
  process.stdout.write(`local accounts, fastest refusals in ms of processor: ${JSON.stringify(fastest)}\n`);
  // Without a hash it would be a fiftieth; what a busy machine adds stays far below that.
  expect(Math.max(...times) / Math.min(...times)).toBeLessThan(3);
});

describe('administration', () => {
  test('list, change, disable, enable, remove', async () => {
    const home = openTotp(await newFolder());
    const { accounts, account, key } = await ready(home);
    const state = { enabled: true, isSetUp: true, isInFile: true };
    expect((await accounts.list()).slice(0, 2)).toEqual([
      { ...named('break-glass'), ...state },
      { ...named('unfinished'), ...state, isSetUp: false },
    ]);

    await accounts.setPassword('break-glass', 'an entirely different one');
    await accounts.setEnabled('break-glass', false);
    expect(await accountsOf(openTotp(home.folder)).usable('Break-Glass')).toEqual({
      account,
      groups,
      enabled: false,
    });
    const signIn = (given: string) => accounts.authenticate('break-glass', given, codeOf(key, home));
    const disabled = { why: 'disabled', account, error: uniform };
    expect(await signIn('an entirely different one')).toMatchObject(disabled);
    await accounts.setEnabled('break-glass', true);
    expect(await signIn(password)).toMatchObject({ why: 'wrong-password' });
    expect(await signIn('an entirely different one')).toMatchObject({ kind: 'accepted' });

    await accounts.remove('break-glass');
    expect(await accounts.usable('break-glass')).toBeUndefined();
    expect(await home.totp.state(account)).toMatchObject({ enrolled: false });
    expect((await home.secrets.list()).filter((name) => name.startsWith('totp-'))).toEqual([]);
    const again = await accounts.add(admin);
    expect(again.objectId).not.toBe(account.objectId);
    home.time += stepMs;
    expect(await signIn(password)).toMatchObject({ why: 'no-second-factor' });
  });

  test('names and groups come from the file alone, whatever is stored', async () => {
    const home = openTotp(await newFolder());
    const { account, key } = await ready(home);
    const name = 'local-account-break-glass';
    const stored = JSON.parse(Buffer.from((await home.secrets.get(name)) ?? []).toString()) as object;
    // As an earlier version wrote it.
    const older = { ...stored, displayName: 'Evil', groups: ['99999999-0000-4000-8000-000000000009'] };
    await home.secrets.set(name, Buffer.from(JSON.stringify(older)));
    const regrouped = { enabled: true, accounts: [named('break-glass', ['only-this'])] };
    const accounts = accountsOf(home, cheap, regrouped);
    expect(await accounts.authenticate('break-glass', password, codeOf(key, home))).toMatchObject({
      kind: 'accepted',
      account,
      groups: [{ id: 'only-this', name: '' }],
    });
  });

  test('one that the file does not name opens nothing, and none do while the file has them off', async () => {
    const home = openTotp(await newFolder());
    const { account, key } = await ready(home);
    const signIn = (file: BreakGlassAccounts) =>
      accountsOf(home, cheap, file).authenticate('break-glass', password, codeOf(key, home));
    const left = { enabled: true, accounts: [named('another')] };
    expect(await signIn(left)).toMatchObject({ kind: 'refused', why: 'not-in-file', error: uniform });
    expect(
      (await accountsOf(home, cheap, left).list()).map(({ username, isInFile }) => [username, isInFile]),
    ).toEqual([
      ['another', true],
      ['break-glass', false],
    ]);
    expect(await signIn({ enabled: false, accounts: inFile })).toMatchObject({
      kind: 'refused',
      why: 'disabled',
      account,
    });
    await expect(accountsOf(home, cheap, left).add({ username: 'evil', password })).rejects.toMatchObject({
      code: 'request-invalid',
      message: 'The configuration names no local account "evil".',
    });
  });

  test('what was changed while a sign-in was under way counts', async () => {
    const home = openTotp(await newFolder());
    const { key } = await ready(home);
    const slow = accountsOf(home, { N: 2 ** 14, r: 8, p: 1 });
    await slow.setPassword('break-glass', password);
    const signIn = slow.authenticate('break-glass', password, codeOf(key, home));
    await accountsOf(home).setEnabled('break-glass', false);
    expect(await signIn).toMatchObject({ kind: 'refused', why: 'disabled', error: uniform });
  });

  test.each([
    ['a taken name', { username: 'BREAK-GLASS' }],
    ['a name that the file does not have', { username: 'evil' }],
    ['a name with a blank', { username: 'break glass' }],
    ['a name with another script', { username: 'brеak-glass' }],
    ['a path', { username: '../x' }],
    ['a long name', { username: 'x'.repeat(41) }],
    ['no name', { username: '' }],
    ['a short password', { password: '13 characters' }],
    ['a short password of wide characters', { password: '🔥'.repeat(13) }],
    ['an endless password', { password: 'x'.repeat(1025) }],
    ['a password that is not text', { password: `${'x'.repeat(20)}\ud800` }],
  ])('%s is refused in words', async (_, part) => {
    const home = openTotp(await newFolder());
    const accounts = accountsOf(home);
    await accounts.add(admin);
    await expect(accounts.add({ ...admin, username: 'another', ...part })).rejects.toMatchObject({
      code: 'request-invalid',
      message: expect.stringMatching(/\.$/),
      remedy: expect.stringMatching(/\.$/),
    });
    expect((await accounts.list()).filter(({ isSetUp }) => isSetUp)).toHaveLength(1);
  });

  test.each(['😀'.repeat(14), 'fourteen chars', 'x'.repeat(1024), 'ünïcödé pässwörd'])(
    'the password %s works',
    async (own) => {
      const home = openTotp(await newFolder());
      const { accounts, key } = await ready(home, { ...admin, password: own });
      // Typed on a keyboard that composes its letters.
      const typed = own.normalize('NFD');
      expect(await accounts.authenticate('break-glass', typed, codeOf(key, home))).toMatchObject({
        kind: 'accepted',
      });
    },
  );

  test('what is not there cannot be changed', async () => {
    const accounts = accountsOf(openTotp(await newFolder()));
    const missing = { code: 'request-invalid', message: 'There is no local account "x".' };
    await expect(accounts.remove('x')).rejects.toMatchObject(missing);
    await expect(accounts.setPassword('x', password)).rejects.toMatchObject(missing);
    await expect(accounts.setEnabled('x', false)).rejects.toMatchObject(missing);
  });

  test('one that is stored in an unknown form lets nobody in and can be removed', async () => {
    const home = openTotp(await newFolder());
    const { accounts, key } = await ready(home);
    await home.secrets.set('local-account-break-glass', Buffer.from('{"version":9}'));
    await expect(accounts.authenticate('break-glass', password, codeOf(key, home))).rejects.toMatchObject({
      code: 'sealed-unreadable',
    });
    await expect(accounts.list()).rejects.toMatchObject({ code: 'sealed-unreadable' });
    await accounts.remove('break-glass');
    expect((await accounts.list()).filter(({ isSetUp }) => isSetUp)).toEqual([]);
    await accounts.add(admin);
  });
});

test(
  'the hash is memory-hard, keeps its own cost, and the password is in no file',
  { timeout: 120_000 },
  async () => {
    const home = openTotp(await newFolder());
    const { totp, secrets } = home;
    const file = async (): Promise<BreakGlassAccounts> => ({ enabled: true, accounts: inFile });
    const accounts = createLocalAccounts({ secrets, totp, file });
    const account = await accounts.add(admin);
    const stored = JSON.parse(Buffer.from((await secrets.get('local-account-break-glass')) ?? []).toString());
    expect(stored.password).toMatchObject({ r: 8, p: 1 });
    expect(128 * stored.password.N * stored.password.r).toBe(128 * 2 ** 20);
    const key = keyOf((await totp.begin(account)).key);
    await totp.confirm(account, codeOf(key, home));
    const later = accountsOf(openTotp(home.folder, home.time));
    expect(await later.authenticate('break-glass', password, codeOf(key, home, 1))).toMatchObject({
      kind: 'accepted',
    });

    const sameFolder = createSecretStore({
      folder: join(home.folder, 'sealed'),
      seal: createAesSeal('key-file', Buffer.alloc(32, 7)),
    });
    expect(await sameFolder.get('local-account-break-glass')).toBeDefined();
    for (const { path, bytes } of await filesUnder(home.folder)) {
      expect(bytes.includes(password), path).toBe(false);
      expect(bytes.includes(stored.password.hash), path).toBe(false);
    }
  },
);
