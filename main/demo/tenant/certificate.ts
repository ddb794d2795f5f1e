import { X509Certificate } from 'node:crypto';

export interface ServerCertificate {
  /** The self-made authority that a client must trust, PEM. */
  caPem: string;
  /** Server certificate for localhost, 127.0.0.1 and ::1, PEM. */
  certPem: string;
  /** Private key of the server certificate, PKCS#8 PEM. */
  keyPem: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const day = 24 * 60 * 60 * 1000;

/**
 * Makes a certificate authority and a server certificate, both EC P-256 and valid for 30 days. The authority's private
 * key is never exported, so that trusting its certificate opens nothing beyond this one process.
 */
export async function createServerCertificate(): Promise<ServerCertificate> {
  provideMetadata();
  const x509 = await import('@peculiar/x509');
  const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + 30 * day) };
  const caKeys = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify']);
  const serverKeys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    serialNumber: serialNumber(),
    name: 'CN=Local tenant authority',
    keys: caKeys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const server = await x509.X509CertificateGenerator.create({
    ...validity,
    serialNumber: serialNumber(),
    subject: 'CN=localhost',
    issuer: ca.subject,
    publicKey: serverKeys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' },
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(serverKeys.publicKey),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', serverKeys.privateKey);
  return {
    caPem: new X509Certificate(Buffer.from(ca.rawData)).toString(),
    certPem: new X509Certificate(Buffer.from(server.rawData)).toString(),
    keyPem: `-----BEGIN PRIVATE KEY-----\n${Buffer.from(pkcs8).toString('base64')}\n-----END PRIVATE KEY-----\n`,
  };
}

/** A positive random serial number, as RFC 5280 section 4.1.2.2 asks for. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return Buffer.from(bytes).toString('hex');
}

/**
 * @peculiar/x509 refuses to load without the metadata functions of a decorator polyfill, of which it uses these three.
 * They are added only where nobody else has, and keep what they are told in a weak map of their own.
 */
function provideMetadata(): void {
  if ('getMetadata' in Reflect) return;
  const metadata = new WeakMap<object, Map<unknown, unknown>>();
  const read = (key: unknown, target: object) => metadata.get(target)?.get(key);
  const write = (key: unknown, value: unknown, target: object) => {
    const entries = metadata.get(target) ?? new Map<unknown, unknown>();
    metadata.set(target, entries.set(key, value));
  };
  Object.assign(Reflect, { getMetadata: read, getOwnMetadata: read, defineMetadata: write });
}
