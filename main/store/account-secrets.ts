import { createHash } from 'node:crypto';

/** What is kept for one account: the deadline of its session, and MSAL's cache. */
export type AccountSecret = 'session' | 'msal';

/** The name of an account's secret; hashed, since names of secrets are short and those of providers may be long. */
export function accountSecret(kind: AccountSecret, provider: string, objectId: string): string {
  return `${providerSecrets(kind, provider)}${short(objectId, 20)}`;
}

/** What the names of a provider's secrets begin with. */
export function providerSecrets(kind: AccountSecret, provider: string): string {
  return `${kind}-${short(provider, 12)}-`;
}

function short(text: string, characters: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, characters);
}
