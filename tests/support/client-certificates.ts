import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { program } from './parts.ts';

export const openssl = program('openssl', 'install the package openssl');

/** Files of an authority, a server certificate for localhost, and client certificates, made by the system's OpenSSL. */
export interface CertificateFolder {
  ca: string;
  serverCertificate: string;
  serverKey: string;
  caPem: string;
  /** SHA-256 of the server certificate, as OpenSSL prints it: pairs of digits with colons. */
  fingerprint: string;
  client(commonName: string): { certificate: string; key: string };
  close(): void;
}

/** @param account who runs the server, and has to be able to read its key; only where this is root */
export function makeCertificates(account: string): CertificateFolder {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-certificates-'));
  const at = (name: string): string => join(folder, name);
  const run = (...args: string[]): string =>
    execFileSync(openssl.path ?? '', args, { stdio: 'pipe' }).toString();
  const key = (name: string): void =>
    void run('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', at(`${name}.key`));
  const issue = (name: string, subject: string, extensions: string): void => {
    key(name);
    writeFileSync(at(`${name}.ext`), extensions);
    run('req', '-new', '-key', at(`${name}.key`), '-subj', subject, '-out', at(`${name}.csr`));
    const authority = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2'];
    const files = ['-in', at(`${name}.csr`), '-extfile', at(`${name}.ext`), '-out', at(`${name}.pem`)];
    run('x509', '-req', ...files, ...authority);
  };
  key('ca');
  run(
    'req',
    '-x509',
    '-key',
    at('ca.key'),
    '-subj',
    '/CN=test authority',
    '-days',
    '2',
    '-out',
    at('ca.pem'),
  );
  issue('server', '/CN=localhost', 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  if (process.getuid?.() === 0) {
    const entry = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((line) => line.startsWith(`${account}:`));
    const [, , uid, gid] = entry?.split(':') ?? [];
    for (const path of [folder, at('server.key'), at('server.pem'), at('ca.pem')])
      chownSync(path, Number(uid), Number(gid));
  }
  return {
    ca: at('ca.pem'),
    serverCertificate: at('server.pem'),
    serverKey: at('server.key'),
    caPem: readFileSync(at('ca.pem'), 'utf8'),
    fingerprint: run('x509', '-in', at('server.pem'), '-noout', '-fingerprint', '-sha256')
      .trim()
      .replace(/^.*=/, ''),
    client(commonName) {
      issue(commonName, `/CN=${commonName}`, 'extendedKeyUsage=clientAuth\n');
      return {
        certificate: readFileSync(at(`${commonName}.pem`), 'utf8'),
        key: readFileSync(at(`${commonName}.key`), 'utf8'),
      };
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
