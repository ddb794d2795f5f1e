import { webcrypto } from 'node:crypto';
import type { JsonGeneralName } from '@peculiar/x509';

type SignatureHash = 'SHA-256' | 'SHA-384' | 'SHA-512';

export interface IssuedCertificate {
  certPem: string;
  keyPem: string;
}

export interface TestAuthority {
  /** The authority's own certificate, for clients to trust. */
  caPem: string;
  /**
   * A server certificate for these names and addresses, signed by the authority (ECDSA P-256).
   * `notAfter` in the past makes an expired one, `notBefore` in the future one whose time has not come.
   */
  issue(options: {
    dns?: string[];
    ip?: string[];
    notBefore?: Date;
    notAfter?: Date;
  }): Promise<IssuedCertificate>;
}

const day = 24 * 3600 * 1000;

/** A certificate authority that lives for one test run. `hash` is what its signatures use. */
export async function createTestAuthority(hash: SignatureHash = 'SHA-256'): Promise<TestAuthority> {
  provideMetadata();
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash };
  const generateKeys = (): Promise<CryptoKeyPair> =>
    webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<CryptoKeyPair>;
  const keys = await generateKeys();
  const name = 'CN=Latchkey test authority';
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    serialNumber: '01',
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 30 * day),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  let serial = 1;
  return {
    caPem: ca.toString('pem'),
    async issue({
      dns = [],
      ip = [],
      notBefore = new Date(Date.now() - 20 * day),
      notAfter = new Date(Date.now() + 10 * day),
    }) {
      const serverKeys = await generateKeys();
      serial += 1;
      const names: JsonGeneralName[] = [
        ...dns.map((value) => ({ type: 'dns' as const, value })),
        ...ip.map((value) => ({ type: 'ip' as const, value })),
      ];
      const certificate = await x509.X509CertificateGenerator.create({
        subject: `CN=${dns[0] ?? ip[0] ?? 'server'}`,
        issuer: name,
        serialNumber: serial.toString(16).padStart(2, '0'),
        notBefore,
        notAfter,
        publicKey: serverKeys.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [
          new x509.BasicConstraintsExtension(false),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension(names),
        ],
      });
      const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', serverKeys.privateKey);
      return { certPem: certificate.toString('pem'), keyPem: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
    },
  };
}

/** @peculiar/x509 does not load without these three functions of a decorator polyfill. */
function provideMetadata(): void {
  if ('getMetadata' in Reflect) return;
  const metadata = new WeakMap<object, Map<unknown, unknown>>();
  const read = (key: unknown, target: object): unknown => metadata.get(target)?.get(key);
  const write = (key: unknown, value: unknown, target: object): void => {
    metadata.set(target, (metadata.get(target) ?? new Map<unknown, unknown>()).set(key, value));
  };
  Object.assign(Reflect, { getMetadata: read, getOwnMetadata: read, defineMetadata: write });
}
