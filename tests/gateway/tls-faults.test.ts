import { once } from 'node:events';
import { type AddressInfo, type Server, connect, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect, test } from 'vitest';
import type { LatchkeyError } from '../../main/contract/errors.ts';
import type { UpstreamAddress } from '../../main/gateway/ports.ts';
import { createTrust } from '../../main/gateway/trust.ts';
import { secure } from '../../main/gateway/upstream-tls.ts';
import { createTestAuthority } from '../support/certificates.ts';

/** What a person reads where this server is to be reached by TLS. */
async function told(server: Server): Promise<string> {
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const address: UpstreamAddress = {
    host: 'db.example',
    port,
    tls: { mode: 'verify' },
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
