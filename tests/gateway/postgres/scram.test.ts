import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  checkScramProof,
  scramKeys,
  scramProof,
  scramVerifier,
} from '../../../main/gateway/postgres/scram.ts';
import { createScramKeyCache } from '../../../main/gateway/postgres/scram-key-cache.ts';

/** The worked example of RFC 7677 section 3: user "user", password "pencil". */
const rfc = {
  parameters: { salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), iterations: 4096 },
  authMessage:
    'n=user,r=rOprNGfwEbeRWgbNEkqO,' +
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,' +
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  proof: 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  signature: '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
};

test('the example of RFC 7677, from both sides', async () => {
  const client = scramProof(await scramKeys('pencil', rfc.parameters), rfc.authMessage);
  expect(client.clientProof.toString('base64')).toBe(rfc.proof);
  expect(client.serverSignature.toString('base64')).toBe(rfc.signature);
  const verifier = await scramVerifier('pencil', rfc.parameters);
  const signature = checkScramProof(verifier, rfc.authMessage, Buffer.from(rfc.proof, 'base64'));
  expect(Buffer.from(signature ?? []).toString('base64')).toBe(rfc.signature);
});

test('a proof fits one password, one message and no other; a changed bit breaks it', async () => {
  const verifier = await scramVerifier('pencil', rfc.parameters);
  const good = Buffer.from(rfc.proof, 'base64');
  expect(
    checkScramProof(await scramVerifier('pencils', rfc.parameters), rfc.authMessage, good),
  ).toBeUndefined();
  expect(checkScramProof(verifier, `${rfc.authMessage}x`, good)).toBeUndefined();
  for (const wrong of [Buffer.alloc(0), good.subarray(0, 31), Buffer.concat([good, Buffer.alloc(1)])])
    expect(checkScramProof(verifier, rfc.authMessage, wrong)).toBeUndefined();
  fc.assert(
    fc.property(fc.nat(255), (bit) => {
      const flipped = Buffer.from(good);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(checkScramProof(verifier, rfc.authMessage, flipped)).toBeUndefined();
    }),
  );
});

test('the cache computes once for each password, salt and count, and holds no more than its limit', async () => {
  const cache = createScramKeyCache(2);
  const [first, second] = await Promise.all([
    cache.keys('a', rfc.parameters),
    cache.keys('a', rfc.parameters),
  ]);
  expect(second).toBe(first);
  expect(await cache.keys('a', rfc.parameters)).toBe(first);
  expect((await cache.keys('a', { ...rfc.parameters, iterations: 4097 })).clientKey).not.toEqual(
    first.clientKey,
  );
  expect((await cache.keys('b', rfc.parameters)).clientKey).not.toEqual(first.clientKey);
  expect(cache.size).toBe(2);
  expect(await cache.keys('a', rfc.parameters)).not.toBe(first);
});

test('PBKDF2 does not hold up the event loop', async () => {
  const started = performance.now();
  let longest = 0;
  let last = started;
  const ticks = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  await scramKeys('pencil', { ...rfc.parameters, iterations: 1_000_000 });
  clearInterval(ticks);
  expect(longest).toBeLessThan((performance.now() - started) / 2);
});
