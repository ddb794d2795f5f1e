import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, type Server, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { expect, test } from 'vitest';
import type { LatchkeyError } from '../../main/contract/errors.ts';
import type { UpstreamAddress } from '../../main/gateway/ports.ts';
import { createTrust } from '../../main/gateway/trust.ts';
import { secure } from '../../main/gateway/upstream-tls.ts';
import { createTestAuthority } from '../support/certificates.ts';
import { openssl } from '../support/client-certificates.ts';

/** What a person reads where this server is to be reached by TLS. */
async function told(server: Server, tls: Partial<UpstreamAddress['tls']> = {}): Promise<string> {
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const address: UpstreamAddress = {
    host: 'db.example',
    port,
    tls: { mode: 'verify', ...tls },
    allowedMethods: [],
    connectTimeoutMs: 10_000,
  };
  const socket = connect(port, '127.0.0.1');
  try {
    const { signal } = new AbortController();
    await secure(socket, address, createTrust(address.tls)(), signal);
    return 'in';
  } catch (error) {
    const { code, message, remedy } = error as LatchkeyError;
    return `${code} ${message} ${remedy}`;
  } finally {
    socket.destroy();
    server.close();
  }
}

/** Answers the beginning of a handshake with these bytes. */
const answering = (bytes: Uint8Array | string): Server =>
  createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.end(bytes));
  });
/** A fatal alert: RFC 8446 section 6. */
const alert = (description: number): Server => answering(Buffer.from([0x15, 3, 3, 0, 2, 2, description]));

test('a server that speaks old versions of TLS only', async () => {
  const authority = await createTestAuthority();
  const { certPem, keyPem } = await authority.issue({ dns: ['db.example'] });
  const old = createTlsServer({
    cert: certPem,
    key: keyPem,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    // OpenSSL has them at this level only.
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  const serverHello = Buffer.concat([
    Buffer.from([0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1]),
    Buffer.alloc(32, 7),
    Buffer.from([0, 0, 0x2f, 0]),
  ]);
  for (const server of [old, answering(serverHello)])
    expect(await told(server)).toMatch(
      /^upstream-tls-failed The database server at db\.example:\d+ speaks only versions of TLS before 1\.2, .* turn TLS 1\.2 on\. No password was sent\.$/,
    );
});

test.runIf(openssl.path !== undefined)(
  'a certificate with a key of 1024 bits, of an authority or of its fingerprint',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-short-key-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const names = ['-subj', '/CN=db.example', '-addext', 'subjectAltName=DNS:db.example'];
    const make = [
      'req',
      '-x509',
      '-newkey',
      'rsa:1024',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '2',
    ];
    execFileSync(openssl.path ?? '', [...make, ...names], { stdio: 'ignore' });
    const ca = readFileSync(cert, 'utf8');
    // Servers of then; OpenSSL loads it at this level only.
    const server = () => createTlsServer({ cert: ca, key: readFileSync(key), ciphers: 'DEFAULT@SECLEVEL=0' });
    expect(await told(server(), { ca })).toMatch(
      /has a key that is too short .* \(RSA below 2048 bits\)\. .* upstream\.tls\.fingerprint instead\.$/,
    );
    const fingerprint = new X509Certificate(ca).fingerprint256.replaceAll(':', '').toLowerCase();
    expect(await told(server(), { fingerprint })).toBe('in');
    rmSync(folder, { recursive: true });
  },
);

test.each<[string, Server, RegExp]>([
  [
    'handshake_failure',
    alert(40),
    /refuses the TLS handshake: .* or asks for a client certificate\. .*clientCertificate/,
  ],
  ['insufficient_security', alert(71), /has no way of encryption that counts as safe/],
  [
    'unrecognized_name',
    alert(112),
    /is not known there by the name "db\.example"\. Set upstream\.tls\.serverName/,
  ],
  ['bad_certificate', alert(42), /ended TLS: bad certificate\. .* upstream\.tls\.clientCertificate/],
  ['certificate_expired', alert(45), /ended TLS: certificate expired\. .* upstream\.tls\.clientCertificate/],
  [
    'certificate_required',
    alert(116),
    /ended TLS: certificate required\. .* upstream\.tls\.clientCertificate/,
  ],
  ['unknown_ca', alert(48), /ended TLS: unknown ca\. .* upstream\.tls\.clientCertificate/],
  [
    'no TLS at all',
    answering('HTTP/1.1 400 Bad Request\r\n\r\n'),
    /does not answer by TLS\. Check upstream\.host and port/,
  ],
  ['the end', answering(''), /closed the connection during the TLS handshake|ECONNRESET/],
])('%s', async (_name, server, sentence) => {
  expect(await told(server)).toMatch(sentence);
});
