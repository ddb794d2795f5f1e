import type { SignInWay } from '../../main/contract/clouds.ts';

/** The button for each way to sign in. */
export const wayButtons: Record<SignInWay, string> = {
  'device-code': 'Sign in with a code',
  browser: 'Sign in with the browser',
};

/** Inside a sentence. */
export const wayWords: Record<SignInWay, string> = {
  'device-code': 'with a code',
  browser: 'with the browser',
};
