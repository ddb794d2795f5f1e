import { X509Certificate, createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { certificateHash } from '../../../main/gateway/postgres/certificate-hash.ts';
import { describeWith, program } from '../../support/parts.ts';

/** OpenSSL makes the kinds that a certificate can have; the expected hash is RFC 5929 section 4.1's for each. */
const openssl = program('openssl', 'install the package openssl');

describeWith([openssl], 'tls-server-end-point', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-cert-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const pss = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest'];
  test.each<[string, string[], string | undefined]>([
    ['RSA with SHA-1', ['-newkey', 'rsa:2048', '-sha1'], 'sha256'],
    ['RSA with SHA-256', ['-newkey', 'rsa:2048', '-sha256'], 'sha256'],
    ['RSA with SHA-384', ['-newkey', 'rsa:2048', '-sha384'], 'sha384'],
    ['RSA with SHA-512', ['-newkey', 'rsa:2048', '-sha512'], 'sha512'],
    ['RSA-PSS with SHA-256', ['-newkey', 'rsa:2048', '-sha256', ...pss], 'sha256'],
    ['RSA-PSS with SHA-512', ['-newkey', 'rsa:2048', '-sha512', ...pss], 'sha512'],
    ['ECDSA with SHA-256', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-sha256'], 'sha256'],
    ['ECDSA with SHA-384', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-sha384'], 'sha384'],
    ['Ed25519, which has no hash', ['-newkey', 'ed25519'], undefined],
  ])('%s', (_name, options, hash) => {
    const out = join(folder, 'cert.pem');
    const common = [
      'req',
      '-x509',
      '-nodes',
      '-subj',
      '/CN=db',
      '-keyout',
      join(folder, 'key.pem'),
      '-out',
      out,
    ];
    execFileSync(openssl.path ?? '', [...common, ...options], { stdio: 'pipe' });
    const { raw } = new X509Certificate(readFileSync(out));
    const expected = hash === undefined ? undefined : createHash(hash).update(raw).digest('hex');
    expect(certificateHash(raw)?.toString('hex')).toBe(expected);
    for (const length of [0, 1, 2, 5, 50, raw.length - 300])
      expect(certificateHash(raw.subarray(0, length))).toBeUndefined();
  });
});
