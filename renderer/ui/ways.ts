import type { SignInWay } from '../../main/contract/clouds.ts';
import { common as t } from '../texts/en/common.ts';

/** The button for each way to sign in. */
export const wayButtons = (): Record<SignInWay, string> => ({
  'device-code': t.signInWithACode,
  browser: t.signInWithTheBrowser,
});

/** Inside a sentence. */
export const wayWords = (): Record<SignInWay, string> => ({
  'device-code': t.withACode,
  browser: t.withTheBrowser,
});
