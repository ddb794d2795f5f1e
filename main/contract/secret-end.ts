/** When the secret or the certificate with which an application signs in runs out. */
export interface SecretEnd {
  what: 'secret' | 'certificate';
  /** ISO 8601. */
  at: string;
}

const day = 24 * 3600_000;
const warnDays = 30;

/**
 * @param now milliseconds since 1970
 * @returns a sentence, and whether it is time to do something
 */
export function secretEndText({ what, at }: SecretEnd, now: number): { text: string; isDue: boolean } {
  const days = Math.floor((Date.parse(at) - now) / day);
  const date = at.slice(0, 10);
  if (days >= warnDays) return { isDue: false, text: `The ${what} is good until ${date}.` };
  if (days < 0) return { isDue: true, text: `The ${what} has run out on ${date}.` };
  const when = days === 0 ? 'today or tomorrow' : days === 1 ? 'in 1 day' : `in ${days} days`;
  return { isDue: true, text: `The ${what} runs out ${when}, on ${date}.` };
}

/** @param provider by its name */
export const secretEndRemedy = ({ what }: SecretEnd, provider: string): string =>
  `In the Entra admin center: App registrations > your application > Certificates & secrets; add a new one there, then run: latchkey provider ${what} ${provider}`;
