import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { kindOfText, newTokenText } from '../../main/access/token-text.ts';
import { createTokens, type Tokens } from '../../main/access/tokens.ts';

const scram = { salt: randomBytes(16), iterations: 4096 };
const binding = {
  sessionId: 's1',
  connection: 'sales',
  role: 'readonly',
  groupId: 'g',
  account: {
    provider: 'fabrikam',
    tenantId: 't',
    objectId: 'o',
    username: 'ada@fabrikam.example',
    displayName: 'Ada',
  },
  uid: 1000,
};

let wall: number;
let monotonic: number;
let tokens: Tokens;
beforeEach(() => {
  wall = 1_700_000_000_000;
  monotonic = 5_000;
  tokens = createTokens(scram, { wall: () => wall, monotonic: () => monotonic });
});

/** The client's half of RFC 5802 section 3, written out here so that the server's half is not checked by itself. */
function scramProof(password: string, authMessage: string): Uint8Array {
  const salted = pbkdf2Sync(password, scram.salt, scram.iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest();
  const signature = createHmac('sha256', storedKey).update(authMessage).digest();
  return clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
}

function attempt(
  password: string,
  changes: { connection?: string; clientUser?: string; kind?: 'password' } = {},
) {
  const proof =
    changes.kind === 'password'
      ? { kind: 'password' as const, password }
      : {
          kind: 'scram-sha-256' as const,
          authMessage: 'n=,r=abc,r=abcdef,s=x,i=4096,c=biws,r=abcdef',
          clientProof: scramProof(password, 'n=,r=abc,r=abcdef,s=x,i=4096,c=biws,r=abcdef'),
        };
  return {
    connection: changes.connection ?? 'sales',
    clientUser: changes.clientUser ?? binding.account.username,
    proof,
  };
}

describe('the text of a token', () => {
  it('is at most 49 letters and digits behind its prefix, and carries 256 bits', () => {
    for (let round = 0; round < 1000; round++) expect(newTokenText()).toMatch(/^lk_[0-9A-Za-z]{46}$/);
    expect(newTokenText('token', { random: () => new Uint8Array(32).fill(255) })).toHaveLength(49);
    expect(newTokenText('token', { random: () => new Uint8Array(32) })).toHaveLength(49);
  });

  it('is told from one with any single letter changed, and from any other text', () => {
    const text = newTokenText();
    expect(kindOfText(text)).toBe('token');
    let accepted = 0;
    for (let index = 3; index < text.length; index++) {
      for (const letter of 'aA0z') {
        const changed = `${text.slice(0, index)}${letter}${text.slice(index + 1)}`;
        if (changed !== text && kindOfText(changed) !== undefined) accepted += 1;
      }
    }
    // 3 of 62 letters check: a change slips through once in 238,328.
    expect(accepted).toBeLessThanOrEqual(1);
    fc.assert(fc.property(fc.string(), (other) => kindOfText(other) === undefined));
  });
});

describe('the short form', () => {
  it.each(['token', 'handle'] as const)('of a %s is 28 characters with 128 bits', (kind) => {
    const prefix = kind === 'token' ? 'lk_' : 'lkh_';
    const seen = new Set<string>();
    for (let round = 0; round < 1000; round++) {
      const text = newTokenText(kind, { isShort: true });
      expect(text).toMatch(new RegExp(`^${prefix}[0-9A-Za-z]{${28 - prefix.length}}$`));
      expect(kindOfText(text)).toBe(kind);
      expect(kindOfText(text.slice(0, -1))).toBeUndefined();
      expect(kindOfText(`${text}0`)).toBeUndefined();
      seen.add(text);
    }
    expect(seen.size).toBe(1000);
    const least = newTokenText(kind, { isShort: true, random: (size) => new Uint8Array(size) });
    const most = newTokenText(kind, { isShort: true, random: (size) => new Uint8Array(size).fill(255) });
    expect([least, most].map((text) => text.length)).toEqual([28, 28]);
    // Every bit of the 16 bytes is in the text.
    for (let bit = 0; bit < 128; bit += 1) {
      const random = (size: number): Uint8Array => {
        expect(size).toBe(16);
        const bytes = new Uint8Array(size);
        bytes[bit >> 3] = 1 << (bit & 7);
        return bytes;
      };
      seen.add(newTokenText(kind, { isShort: true, random }));
    }
    expect(seen.size).toBe(1128);
  });

  it('is issued where it is wanted, and opens what the long one does', async () => {
    const { text, token } = await tokens.issue(binding, 900, true);
    expect(text).toHaveLength(28);
    for (const kind of ['password', undefined] as const)
      expect(tokens.verify(attempt(text, kind === undefined ? {} : { kind }))).toMatchObject({
        ok: true,
        token: { id: token.id },
      });
  });
});

describe.each([['scram-sha-256'], ['password']] as const)('a token shown by %s', (kind) => {
  const shown = (text: string, changes: { connection?: string; clientUser?: string } = {}) =>
    attempt(text, kind === 'password' ? { ...changes, kind } : changes);

  it('opens its own connection for its person or its role', async () => {
    const { text, token } = await tokens.issue(binding, 900);
    expect(tokens.verify(shown(text))).toMatchObject({ ok: true, token: { id: token.id } });
    expect(tokens.verify(shown(text, { clientUser: 'readonly' }))).toMatchObject({ ok: true });
    expect(tokens.verify(shown(text, { clientUser: 'ADA@Fabrikam.Example' }))).toMatchObject({ ok: true });
    expect(tokens.list()[0]?.uses).toBe(3);
  });

  it('opens nothing else', async () => {
    const { text } = await tokens.issue(binding, 900);
    expect(tokens.verify(shown(text, { connection: 'payroll' }))).toMatchObject({
      ok: false,
      code: 'token-foreign',
    });
    expect(tokens.verify(shown(text, { clientUser: 'owner' }))).toMatchObject({
      ok: false,
      code: 'token-foreign',
    });
    expect(tokens.verify(shown(newTokenText()))).toEqual({ ok: false, code: 'token-wrong' });
    expect(tokens.verify(shown('hunter2'))).toEqual({ ok: false, code: 'token-wrong' });
  });

  it('is told to have expired or to be revoked', async () => {
    const first = await tokens.issue(binding, 900);
    const second = await tokens.issue(binding, 900);
    expect(tokens.revoke(({ id }) => id === second.token.id)).toHaveLength(1);
    wall += 900_000;
    expect(tokens.verify(shown(first.text))).toMatchObject({ ok: false, code: 'token-expired' });
    expect(tokens.verify(shown(second.text))).toMatchObject({ ok: false, code: 'token-revoked' });
    expect(tokens.list()).toEqual([]);
  });
});

it('a token that has let somebody in is found at once among many, and each of the others as before', async () => {
  const texts: string[] = [];
  for (let count = 0; count < 40; count += 1) texts.push((await tokens.issue(binding, 900)).text);
  let compared = 0;
  const verify = (text: string): boolean => {
    const shown = attempt(text);
    const { proof } = shown;
    if (proof.kind !== 'scram-sha-256') return false;
    const { clientProof } = proof;
    compared = 0;
    const counting = {
      ...proof,
      get clientProof() {
        compared += 1;
        return clientProof;
      },
    };
    return tokens.verify({ ...shown, proof: counting }).ok;
  };
  const [, another = ''] = texts;
  const last = texts.at(-1) ?? '';
  expect(verify(last)).toBe(true);
  expect(compared).toBe(40);
  expect(verify(last)).toBe(true);
  expect(compared).toBe(1);
  expect(verify(another)).toBe(true);
  expect(verify(last)).toBe(true);
  expect(compared).toBe(2);
  expect(texts.every(verify)).toBe(true);
  expect(verify(newTokenText())).toBe(false);
  expect(compared).toBe(40);
  tokens.revoke(() => true);
  expect(tokens.verify(attempt(last))).toMatchObject({ ok: false, code: 'token-revoked' });
});

describe('time', () => {
  it('lets no token live on when the wall clock is set back or stands still', async () => {
    const { text } = await tokens.issue(binding, 900);
    wall -= 3_600_000;
    monotonic += 900_000;
    expect(tokens.verify(attempt(text))).toMatchObject({ ok: false, code: 'token-expired' });
  });

  it('lets no token live on over a suspend, in which the monotonic clock stands still', async () => {
    const { text } = await tokens.issue(binding, 900);
    wall += 900_001;
    expect(tokens.verify(attempt(text))).toMatchObject({ ok: false, code: 'token-expired' });
  });

  it('never accepts after expiry over random jumps of both clocks', async () => {
    const steps = fc.array(
      fc.record({ wall: fc.integer({ min: -600_000, max: 600_000 }), monotonic: fc.nat(600_000) }),
      { maxLength: 50 },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 900 }), steps, async (lifetime, jumps) => {
        const own = createTokens(
          { ...scram, iterations: 1 },
          { wall: () => wall, monotonic: () => monotonic },
        );
        const { text, token } = await own.issue(binding, lifetime);
        const monotonicEnd = monotonic + lifetime * 1000;
        let over = false;
        for (const jump of jumps) {
          wall += jump.wall;
          monotonic += jump.monotonic;
          over ||= wall >= token.expiresAt || monotonic >= monotonicEnd;
          const answer = own.verify(attempt(text, { kind: 'password' }));
          expect(answer.ok).toBe(!over);
        }
      }),
      { numRuns: 200 },
    );
  });
});

it('the number of live tokens is bounded', async () => {
  const own = createTokens({ ...scram, iterations: 1 }, { wall: () => wall, monotonic: () => monotonic });
  for (let count = 0; count < 1000; count++) await own.issue(binding, 900);
  await expect(own.issue(binding, 900)).rejects.toMatchObject({ code: 'limit-reached' });
  wall += 900_000;
  await expect(own.issue(binding, 900)).resolves.toBeDefined();
});
