import { X509Certificate } from 'node:crypto';
import { algorithm, loadX509, loopbackServer, serialNumber } from '../../base/x509.ts';

export interface ServerCertificate {
  /** The self-made authority that a client must trust, PEM. */
  caPem: string;
  /** Server certificate for localhost, 127.0.0.1 and ::1, PEM. */
  certPem: string;
  /** Private key of the server certificate, PKCS#8 PEM. */
  keyPem: string;
}

const day = 24 * 60 * 60 * 1000;

/**
 * Makes a certificate authority and a server certificate, both EC P-256 and valid for 30 days. The authority's private
 * key is never exported, so that trusting its certificate opens nothing beyond this one process.
 */
export async function createServerCertificate(): Promise<ServerCertificate> {
  const x509 = await loadX509();
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
    extensions: await loopbackServer(caKeys.publicKey, serverKeys.publicKey),
  });
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', serverKeys.privateKey);
  return {
    caPem: new X509Certificate(Buffer.from(ca.rawData)).toString(),
    certPem: new X509Certificate(Buffer.from(server.rawData)).toString(),
    keyPem: `-----BEGIN PRIVATE KEY-----\n${Buffer.from(pkcs8).toString('base64')}\n-----END PRIVATE KEY-----\n`,
  };
}
