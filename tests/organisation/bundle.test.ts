import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { CompactSign, compactVerify, calculateJwkThumbprint, importJWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { readOrganisationAddress } from '../../main/organisation/address.ts';
import { acceptBundle, verifyBundle } from '../../main/organisation/bundle.ts';
import { publicJwkOf } from '../../main/organisation/keys.ts';
import { maxSignedBytes } from '../../main/organisation/signed.ts';
import { payload, signer } from './bundles.ts';

const now = Date.parse('2026-12-01T00:00:00Z');
const ours = signer();
const trust = { key: ours.fingerprint };
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwk = publicJwkOf(ours.key);
const header = { alg: 'EdDSA', typ: 'latchkey-bundle+jws', jwk };

/** Signed by our key, whatever its header and payload say. */
function signed(head: unknown, body: unknown = payload): string {
  const text = `${encode(head)}.${encode(body)}`;
  return `${text}.${sign(undefined, Buffer.from(text), ours.key).toString('base64url')}`;
}

const refused = (text: string, code: string, message = /./): void => {
  let thrown: unknown;
  try {
    acceptBundle(text, trust, now);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code, message: expect.stringMatching(message), remedy: expect.any(String) });
};

describe('a bundle', () => {
  it('comes back as it was signed, with who signed it', () => {
    const bundle = acceptBundle(`${ours.bundle()}\n`, trust, now);
    expect(bundle).toMatchObject({ payload, signedBy: ours.fingerprint });
  });

  it('is a JWS as others read and write it', async () => {
    expect(await calculateJwkThumbprint(jwk)).toBe(ours.fingerprint);
    const { payload: read } = await compactVerify(ours.bundle(), await importJWK(jwk, 'EdDSA'));
    expect(JSON.parse(new TextDecoder().decode(read))).toEqual(payload);
    const theirs = await new CompactSign(Buffer.from(JSON.stringify(payload)))
      .setProtectedHeader(header)
      .sign(ours.key);
    expect(acceptBundle(theirs, trust, now).payload).toEqual(payload);
  });

  it('of another key is refused, also when its header claims ours', () => {
    const theirs = signer();
    refused(theirs.bundle(), 'bundle-wrong-key', new RegExp(theirs.fingerprint));
    const [, body = ''] = theirs.bundle().split('.');
    const text = `${encode(header)}.${body}`;
    const signature = sign(undefined, Buffer.from(text), theirs.key).toString('base64url');
    refused(`${text}.${signature}`, 'bundle-invalid', /has been changed/);
  });

  it('counts with the next key that was named, and with no other', () => {
    const next = signer();
    expect(acceptBundle(next.bundle(), { ...trust, nextKey: next.fingerprint }, now).signedBy).toBe(
      next.fingerprint,
    );
    refused(next.bundle({ nextKey: ours.fingerprint }), 'bundle-wrong-key');
  });

  it('is never older than what was seen, nor other content under the same number', () => {
    const { hash } = acceptBundle(ours.bundle(), trust, now);
    const seen = { ...trust, last: { serial: 7, hash } };
    expect(acceptBundle(ours.bundle(), seen, now).hash).toBe(hash);
    expect(acceptBundle(ours.bundle({ serial: 8 }), seen, now).payload.serial).toBe(8);
    for (const text of [ours.bundle({ serial: 6 }), ours.bundle({ configuration: '' })])
      expect(() => acceptBundle(text, seen, now)).toThrow(expect.objectContaining({ code: 'bundle-older' }));
  });

  it('does not count after its time', () => {
    const text = ours.bundle({ notAfter: '2026-12-01T00:00:00Z' });
    expect(acceptBundle(text, trust, now - 1).payload.notAfter).toBe('2026-12-01T00:00:00Z');
    refused(text, 'bundle-expired', /was good until 2026-12-01/);
  });

  it.each<[string, () => string]>([
    ['nothing', () => ''],
    ['a page', () => '<!doctype html><title>Sign in</title>'],
    ['a part of one', () => ours.bundle().slice(0, -20)],
    ['one without a signature', () => `${ours.bundle().split('.').slice(0, 2).join('.')}.`],
    ['more than one', () => `${ours.bundle()}.${ours.bundle()}`],
    ['padding', () => `${ours.bundle()}==`],
    ['more than 1 MiB', () => 'a'.repeat(maxSignedBytes + 1)],
    ['alg none', () => `${encode({ ...header, alg: 'none' })}.${encode(payload)}.`],
    ['alg none with a signature', () => signed({ ...header, alg: 'none' })],
    ['another alg', () => signed({ ...header, alg: 'Ed448' })],
    ['another type', () => signed({ ...header, typ: 'JWT' })],
    ['no type', () => signed({ alg: 'EdDSA', jwk })],
    ['critical extensions', () => signed({ ...header, crit: ['b64'], b64: false })],
    ['a key from elsewhere', () => signed({ ...header, jku: 'https://evil.example/keys' })],
    ['a private key in its header', () => signed({ ...header, jwk: { ...jwk, d: jwk.x } })],
    ['a key of another curve', () => signed({ ...header, jwk: { ...jwk, crv: 'X25519' } })],
    ['no organisation', () => signed(header, { ...payload, organisation: undefined })],
    ['a name that hides signs', () => signed(header, { ...payload, organisation: 'Fabri\u{202e}kam' })],
    ['a serial number of 0', () => signed(header, { ...payload, serial: 0 })],
    ['a serial number that is no whole one', () => signed(header, { ...payload, serial: 1e300 })],
    ['a member of a later format', () => signed(header, { ...payload, forbids: 'all' })],
    ['a later format', () => signed(header, { ...payload, format: 2 })],
    ['no JSON', () => signed(header).replace(/\..*\./, '.YQ.')],
  ])('that is %s is refused', (_what, text) => refused(text(), 'bundle-invalid'));

  it('takes no public key for the secret of a MAC', () => {
    const text = `${encode({ ...header, alg: 'HS256' })}.${encode(payload)}`;
    for (const secret of [Buffer.from(jwk.x, 'base64url'), pem()]) {
      const mac = createHmac('sha256', secret).update(text).digest('base64url');
      refused(`${text}.${mac}`, 'bundle-invalid', /EdDSA/);
    }
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const other = `${encode({ ...header, alg: 'RS256', jwk: rsa.publicKey.export({ format: 'jwk' }) })}.${encode(payload)}`;
    refused(
      `${other}.${sign('sha256', Buffer.from(other), rsa.privateKey).toString('base64url')}`,
      'bundle-invalid',
    );
  });

  it('with any other byte is refused, and nothing but a sentence comes of it', () => {
    const good = ours.bundle();
    const byte = fc.tuple(fc.nat(good.length - 1), fc.constantFrom(...'AZaz09-_.=" '));
    fc.assert(
      fc.property(byte, ([at, sign]) => {
        fc.pre(good[at] !== sign);
        const text = (good.slice(0, at) + sign + good.slice(at + 1)).trim();
        fc.pre(text !== good);
        expect(() => verifyBundle(text, trust)).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^bundle-(invalid|wrong-key)$/) }),
        );
      }),
      { numRuns: 300 },
    );
  });

  const pem = (): string => createPublicKey(ours.key).export({ type: 'spki', format: 'pem' }) as string;
});

describe('the address of an organisation', () => {
  const url = 'https://settings.fabrikam.example/latchkey.jws';
  const read = { url, fingerprint: ours.fingerprint };

  it.each([
    `${url}#${ours.fingerprint}`,
    ` ${url}#${ours.fingerprint}\n`,
    `latchkey://join?address=${encodeURIComponent(`${url}#${ours.fingerprint}`)}`,
    `latchkey:join?address=${encodeURIComponent(`${url}#${ours.fingerprint}`)}`,
  ])('%s', (text) => expect(readOrganisationAddress(text)).toEqual(read));

  it('may be plain http on this computer alone', () => {
    for (const host of ['127.0.0.1:8080', 'localhost', '[::1]:1'])
      expect(readOrganisationAddress(`http://${host}/b#${ours.fingerprint}`).url).toBe(`http://${host}/b`);
  });

  it.each([
    ['', /no address/],
    ['fabrikam', /no address/],
    [`http://fabrikam.example/b#${ours.fingerprint}`, /does not begin with https/],
    [`http://localhost.fabrikam.example/b#${ours.fingerprint}`, /does not begin with https/],
    [`ftp://fabrikam.example/b#${ours.fingerprint}`, /does not begin with https/],
    ['file:///home/ada/b.jws', /fingerprint of the key/],
    [`https://ada:secret@fabrikam.example/b#${ours.fingerprint}`, /names a user/],
    [url, /fingerprint of the key/],
    [`${url}#${ours.fingerprint.slice(1)}`, /fingerprint of the key/],
    [`${url}#${'_'.repeat(43)}`, /fingerprint of the key/],
    [`${url}?${'a'.repeat(2000)}#${ours.fingerprint}`, /too long/],
    ['latchkey://join', /not a link/],
    [`latchkey://leave?address=${encodeURIComponent(url)}`, /not a link/],
    ['latchkey://join?address=latchkey://join', /does not begin with https/],
  ])('is not %s', (text, message) =>
    expect(() => readOrganisationAddress(text)).toThrow(
      expect.objectContaining({ code: 'request-invalid', message: expect.stringMatching(message) }),
    ),
  );
});
