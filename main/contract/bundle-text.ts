import type { SupportBundle } from './support-bundle.ts';

/** A bundle as it is shown and as it is saved: one text for both. */
export const bundleText = (bundle: SupportBundle): string => JSON.stringify(bundle, undefined, 2);

export const bundleFileName = 'latchkey-support.json';
