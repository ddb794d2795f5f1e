import { createPrivateKey, constants, randomUUID, sign, X509Certificate } from 'node:crypto';
import { LatchkeyError } from '../contract/errors.ts';

/**
 * What an application signs in with: a secret, or a certificate and its private key. Both are kept as one sealed text;
 * that of a certificate is the two in PEM, one behind the other.
 */
export interface ClientCertificate {
  /** PKCS#8 PEM. */
  privateKey: string;
  /** Lower-case hex. */
  thumbprintSha256: string;
  /** Milliseconds since 1970. */
  notAfter: number;
}

const assertionSeconds = 300;

/**
 * The certificate in the text, or undefined for a plain secret.
 * @throws LatchkeyError `request-invalid` for PEM that is not a certificate and its own, readable RSA key
 */
export function readClientCertificate(text: string): ClientCertificate | undefined {
  if (!text.includes('-----BEGIN ')) return undefined;
  if (/-----BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(text))
    throw invalid(
      'The private key has a passphrase.',
      'Take it off first: openssl pkey -in key.pem -out plain.pem',
    );
  try {
    const certificate = new X509Certificate(block(text, /CERTIFICATE/));
    const key = createPrivateKey(block(text, /[A-Z ]*PRIVATE KEY/));
    if (key.asymmetricKeyType === 'rsa' && certificate.checkPrivateKey(key)) {
      return {
        privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
        thumbprintSha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
        notAfter: certificate.validToDate.getTime(),
      };
    }
  } catch {
    // Told below, without a text that may quote the key.
  }
  throw invalid(
    'This is not a certificate and its own RSA key.',
    'Name PEM files with the private key and with the certificate that belongs to it.',
  );
}

/** How the token request proves who the application is: by secret, or by a signed assertion (RFC 7523 section 2.2). */
export function clientProof(
  text: string,
  { applicationId, tokenEndpoint, now }: { applicationId: string; tokenEndpoint: string; now: number },
): Record<string, string> {
  const certificate = readClientCertificate(text);
  if (certificate === undefined) return { client_secret: text };
  const from = Math.floor(now / 1000);
  const thumbprint = Buffer.from(certificate.thumbprintSha256, 'hex').toString('base64url');
  const signed = [
    { alg: 'PS256', typ: 'JWT', 'x5t#S256': thumbprint },
    {
      aud: tokenEndpoint,
      iss: applicationId,
      sub: applicationId,
      jti: randomUUID(),
      nbf: from,
      exp: from + assertionSeconds,
    },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const key = { key: certificate.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`,
  };
}

function block(text: string, label: RegExp): string {
  return new RegExp(`-----BEGIN (${label.source})-----[^-]+-----END \\1-----`).exec(text)?.[0] ?? '';
}

function invalid(message: string, remedy: string): LatchkeyError {
  return new LatchkeyError('request-invalid', message, { remedy });
}
