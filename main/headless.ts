import { openBrowser } from './base/open-browser.ts';
import { startRuntime, type Runtime, type RuntimeOptions } from './runtime.ts';
import { storedUnderKeyFile } from './store/same-key.ts';
import { createMemorySeal, openKeyFileSeal } from './store/seal.ts';

export interface HeadlessOptions extends Pick<
  RuntimeOptions,
  'configFile' | 'organisation' | 'homePath' | 'workerUrl' | 'log' | 'onStep'
> {
  /** File with the key that seals secrets at rest; without one they are kept in memory only. */
  keyFile?: string | undefined;
  /** Somebody watches the prompts (`latchkey prompts`): logins wait for them, as they do with a screen. */
  attended?: boolean | undefined;
}

/** Composition root without a screen (`latchkey serve`); throws what {@link startRuntime} throws. */
export function startHeadless({ keyFile, attended = false, ...options }: HeadlessOptions): Promise<Runtime> {
  return startRuntime({
    ...options,
    headless: !attended,
    openBrowser,
    openSeal: async ({ sealed }) => {
      if (keyFile !== undefined) return openKeyFileSeal(keyFile);
      const without =
        'There is no key file (--key-file or LATCHKEY_KEY_FILE), so nothing secret is written to disk';
      const stored = await storedUnderKeyFile(sealed);
      if (stored === undefined) return createMemorySeal(`${without}.`);
      // Whoever has forgotten it would enter all passwords again.
      const reason = `${without}, and what is stored in ${stored} under one is not read.`;
      options.log.write(reason);
      return createMemorySeal(reason);
    },
  });
}
