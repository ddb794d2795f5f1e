import { webcrypto } from 'node:crypto';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalAuthority, openLocalAuthority } from '../../main/store/local-authority.ts';
import { createMemorySeal } from '../../main/store/seal.ts';
import { createSecretStore } from '../../main/store/secret-store.ts';
import { describeWith, program } from '../support/parts.ts';

const run = promisify(execFile);
const openssl = program('openssl', 'install the package openssl');
const python = program('python3', 'install the package python3', ['/usr/bin']);
const java = program('java', 'install the package openjdk-17-jdk-headless');
const javac = program('javac', 'install the package openjdk-17-jdk-headless');
const keytool = program('keytool', 'install the package openjdk-17-jdk-headless');
const gnutls = program('gnutls-cli', 'install the package gnutls-bin');

const javaClient = `
import java.net.Socket;
import javax.net.ssl.*;
public class Connect {
  public static void main(String[] a) throws Exception {
    Socket plain = new Socket("127.0.0.1", Integer.parseInt(a[0]));
    SSLSocket socket = (SSLSocket) ((SSLSocketFactory) SSLSocketFactory.getDefault()).createSocket(plain, a[1], 1, true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    socket.setSSLParameters(parameters);
    socket.startHandshake();
  }
}`;

/** How a client checks the server at the port against the name, trusting the authority alone; rejects where it does not. */
interface Client {
  name: string;
  parts: Parameters<typeof describeWith>[0];
  check(port: number, name: string): Promise<unknown>;
}

let folder: string;
let authority: LocalAuthority;

const clients: Client[] = [
  {
    name: 'Node.js',
    parts: [],
    async check(port, servername) {
      const named = /^[\d.]+$/.test(servername) ? {} : { servername };
      const socket = connect({ host: '127.0.0.1', port, ca: authority.authority, ...named });
      await once(socket, 'secureConnect').finally(() => socket.destroy());
    },
  },
  {
    name: 'OpenSSL',
    parts: [openssl],
    check: (port, name) =>
      run('sh', [
        '-c',
        'openssl s_client -connect 127.0.0.1:"$0" -CAfile "$1" -x509_strict -verify_return_error "$2" "$3" </dev/null',
        String(port),
        authority.authorityFile,
        /^[\d.]+$/.test(name) ? '-verify_ip' : '-verify_hostname',
        name,
      ]),
  },
  {
    name: 'GnuTLS',
    parts: [gnutls],
    check: (port, name) =>
      run('sh', [
        '-c',
        'gnutls-cli --port "$0" --x509cafile "$1" --verify-hostname "$2" 127.0.0.1 </dev/null',
        String(port),
        authority.authorityFile,
        name,
      ]),
  },
  {
    name: 'Python',
    parts: [python],
    check: (port, name) =>
      run(python.path ?? '', [
        '-c',
        'import socket,ssl,sys; c = ssl.create_default_context(cafile=sys.argv[2]); c.verify_flags |= ssl.VERIFY_X509_STRICT; c.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))), server_hostname=sys.argv[3])',
        String(port),
        authority.authorityFile,
        name,
      ]),
  },
  {
    name: 'Java',
    parts: [java, javac, keytool],
    check: (port, name) =>
      run('java', [
        `-Djavax.net.ssl.trustStore=${join(folder, 'latchkey.p12')}`,
        '-Djavax.net.ssl.trustStorePassword=changeit',
        '-cp',
        folder,
        'Connect',
        String(port),
        name,
      ]),
  },
];

let good: number;
/** Servers whose certificates a thief of the stored key has signed, against what the issuer's own certificate allows. */
let elsewhere: number;
let otherAddress: number;
let below: number;
const closers: (() => void)[] = [];

async function serve(cert: string, key: string): Promise<number> {
  const server = createServer({ cert, key }).on('tlsClientError', () => undefined);
  server.on('secureConnection', (socket) => socket.on('error', () => undefined).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-authority-'));
  const secrets = createSecretStore({ folder, seal: createMemorySeal('a test') });
  authority = await openLocalAuthority({ secrets, home: folder, lasting: true });
  if (keytool.path !== undefined && javac.path !== undefined) {
    await writeFile(join(folder, 'Connect.java'), javaClient);
    await run(javac.path, ['-d', folder, join(folder, 'Connect.java')]);
    // As `latchkey certificate install` tells people.
    const store = ['-keystore', join(folder, 'latchkey.p12'), '-storepass', 'changeit'];
    const input = ['-noprompt', '-alias', 'latchkey', '-file', authority.authorityFile];
    await run(keytool.path, ['-importcert', ...input, ...store]);
  }
  const rogue = await thief((await secrets.get('local-authority')) ?? new Uint8Array());
  good = await serve(authority.certificate, authority.key);
  elsewhere = await serve(...(await rogue.server({ type: 'dns', value: 'db.example.com' })));
  otherAddress = await serve(...(await rogue.server({ type: 'ip', value: '127.0.0.2' })));
  below = await serve(...(await rogue.throughAnotherAuthority()));
});
afterAll(async () => {
  for (const close of closers) close();
  await rm(folder, { recursive: true, force: true });
});

/** The clients' own words for each reason. */
const wrongName = /mismatch|does not match|no subject alternative/i;
const notPermitted =
  /permitted subtree violation|violates the signer's constraints|name constraints check failed/i;
const tooLong = /path length constraint|violates the signer's constraints|pathLenConstraint violated/i;

/** What a client says where it does not accept the server; GnuTLS says it on its standard output. */
async function refusal(check: Promise<unknown>): Promise<string> {
  const { message, stdout = '' } = await check.then(
    () => ({ message: 'accepted' }) as { message: string; stdout?: string },
    (error: Error & { stdout?: string }) => error,
  );
  return message + stdout;
}

for (const { name, parts, check } of clients) {
  describeWith(parts, name, () => {
    test('accepts this computer', async () => {
      await check(good, 'localhost');
      await check(good, '127.0.0.1');
    });
    test('refuses other names of the same server', async () => {
      expect(await refusal(check(good, 'db.example.com'))).toMatch(wrongName);
    });
    // What a thief of the key could do to whoever trusts the authority.
    test('refuses every other name that the authority might sign', async () => {
      expect(await refusal(check(elsewhere, 'db.example.com'))).toMatch(notPermitted);
      expect(await refusal(check(otherAddress, '127.0.0.2'))).toMatch(notPermitted);
    });
    test('refuses an authority below it', async () => {
      expect(await refusal(check(below, 'localhost'))).toMatch(tooLong);
    });
  });
}

/** Signs with the stolen key what the product never would. */
async function thief(secret: Uint8Array) {
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const newKeys = (): Promise<CryptoKeyPair> =>
    webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<CryptoKeyPair>;
  const pem = async (key: CryptoKey): Promise<string> =>
    x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
  const keyIdOf = async (key: { getKeyIdentifier(): Promise<ArrayBuffer> }): Promise<string> =>
    Buffer.from(await key.getKeyIdentifier()).toString('hex');
  const stolen = JSON.parse(Buffer.from(secret).toString()) as { issuer: string; issuerKey: string };
  const pkcs8 = Buffer.from(stolen.issuerKey, 'base64');
  const issuerKey = (await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, [
    'sign',
  ])) as CryptoKey;
  const issuerCertificate = new x509.X509Certificate(Buffer.from(stolen.issuer, 'base64'));
  const issuer = issuerCertificate.subject;
  const keyId = await keyIdOf(issuerCertificate.publicKey);
  const common = {
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: algorithm,
  };
  type Name = { type: 'dns' | 'ip'; value: string };

  async function server(
    name: Name,
    by = { issuer, signingKey: issuerKey, keyId },
  ): Promise<[certificate: string, key: string]> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      ...common,
      ...by,
      serialNumber: '0b',
      subject: `CN=${name.value}`,
      publicKey: keys.publicKey,
      extensions: [
        new x509.BasicConstraintsExtension(false),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([name]),
        new x509.AuthorityKeyIdentifierExtension(by.keyId),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return [
      `${certificate.toString('pem')}\n${issuerCertificate.toString('pem')}`,
      await pem(keys.privateKey),
    ];
  }

  return {
    server,
    async throughAnotherAuthority(): Promise<[certificate: string, key: string]> {
      const keys = await newKeys();
      const middle = await x509.X509CertificateGenerator.create({
        ...common,
        serialNumber: '0a',
        subject: 'CN=In the middle',
        issuer,
        publicKey: keys.publicKey,
        signingKey: issuerKey,
        extensions: [
          new x509.BasicConstraintsExtension(true, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
          new x509.AuthorityKeyIdentifierExtension(keyId),
          await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        ],
      });
      const by = {
        issuer: middle.subject,
        signingKey: keys.privateKey,
        keyId: await keyIdOf(middle.publicKey),
      };
      const [certificate, key] = await server({ type: 'dns', value: 'localhost' }, by);
      const [leaf = '', above = ''] = certificate.split(/(?<=END CERTIFICATE-----)\n/);
      return [[leaf, middle.toString('pem'), above].join('\n'), key];
    },
  };
}
