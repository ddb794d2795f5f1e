import { constants, verify, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import type { Application } from '../directory-schema.ts';
import type { StsError } from '../sts-errors.ts';

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export interface ClientAssertions {
  /**
   * Why an assertion does not prove that the application sends it (RFC 7523 section 3), or undefined where it does:
   * signed by a registered certificate, for this authority, now, and not used before.
   * @param audiences addresses of which one has to be named
   */
  refusal(
    assertion: string,
    application: Application,
    audiences: readonly string[],
    now: number,
  ): StsError | undefined;
}

const header = z.object({
  alg: z.enum(['RS256', 'PS256']),
  x5t: z.string().optional(),
  'x5t#S256': z.string().optional(),
});
const payload = z.object({
  aud: z.string(),
  iss: z.string(),
  sub: z.string(),
  jti: z.string().min(1).max(200),
  exp: z.number(),
  nbf: z.number().optional(),
});

/** Seconds between two clocks that Entra ID takes. */
const skew = 300;

export function createClientAssertions(): ClientAssertions {
  /** Until when each `jti` may come back, in seconds. */
  const used = new Map<string, number>();

  return {
    refusal(assertion, application, audiences, now) {
      const [first = '', second = '', signature = '', ...more] = assertion.split('.');
      const head = header.safeParse(parsed(first));
      const body = payload.safeParse(parsed(second));
      if (!head.success || !body.success || more.length > 0) return { code: 50027 };
      const { alg } = head.data;
      const certificate = application.certificates
        .map((pem) => new X509Certificate(pem))
        .find((each) => isNamed(each, head.data));
      const padding =
        alg === 'PS256'
          ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
          : { padding: constants.RSA_PKCS1_PADDING };
      const isSigned =
        certificate !== undefined &&
        verify(
          'sha256',
          Buffer.from(`${first}.${second}`),
          { key: certificate.publicKey, ...padding },
          Buffer.from(signature, 'base64url'),
        );
      if (!isSigned || certificate.validToDate.getTime() < now) return { code: 700027 };
      const { aud, iss, sub, jti, exp, nbf = 0 } = body.data;
      if (iss !== application.clientId || sub !== application.clientId)
        return { code: 700021, detail: application.clientId };
      if (!audiences.includes(aud)) return { code: 700023 };
      const seconds = now / 1000;
      if (exp + skew < seconds || nbf - skew > seconds) return { code: 700024 };
      for (const [id, until] of used) if (until < seconds) used.delete(id);
      if (used.has(`${iss} ${jti}`)) return { code: 50013 };
      used.set(`${iss} ${jti}`, exp + skew);
      return undefined;
    },
  };
}

function isNamed(certificate: X509Certificate, head: z.infer<typeof header>): boolean {
  const thumbprint = (fingerprint: string): string =>
    Buffer.from(fingerprint.replaceAll(':', ''), 'hex').toString('base64url');
  if (head['x5t#S256'] !== undefined) return head['x5t#S256'] === thumbprint(certificate.fingerprint256);
  return head.x5t === thumbprint(certificate.fingerprint);
}

function parsed(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
