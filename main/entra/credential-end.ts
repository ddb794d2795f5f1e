import { z } from 'zod';
import type { SecretEnd } from '../contract/secret-end.ts';
import { readClientCertificate } from './client-credential.ts';

const registration = z.object({
  passwordCredentials: z.array(z.object({ hint: z.string().nullish(), endDateTime: z.string() })),
});

/** Below Graph's address and version: what {@link registeredEnd} reads. */
export const registrationPath = (applicationId: string): string =>
  `applications(appId='${applicationId}')?$select=passwordCredentials`;

/** A certificate says itself when it ends; undefined for a plain secret. */
export function certificateEnd(text: string): SecretEnd | undefined {
  const certificate = readClientCertificate(text);
  return certificate && { what: 'certificate', at: new Date(certificate.notAfter).toISOString() };
}

/**
 * When the secret ends, by the registration of its application
 * (learn.microsoft.com/graph/api/resources/passwordcredential).
 * @param body Graph's answer
 * @returns undefined where the registration does not list it; `unreadable` where it is none
 */
export function registeredEnd(body: unknown, secret: string): SecretEnd | 'unreadable' | undefined {
  const parsed = registration.safeParse(body);
  if (!parsed.success) return 'unreadable';
  // Graph tells the first three characters of each; where two begin alike, nothing is said of the later one's end.
  const ends = parsed.data.passwordCredentials
    .filter(({ hint }) => hint === secret.slice(0, 3))
    .map(({ endDateTime }) => Date.parse(endDateTime))
    .filter((end) => !Number.isNaN(end));
  return ends.length === 0 ? undefined : { what: 'secret', at: new Date(Math.min(...ends)).toISOString() };
}
