import { openBrowser } from './open-browser.ts';
import { startRuntime, type Runtime, type RuntimeOptions } from './runtime.ts';
import { createMemorySeal, openKeyFileSeal } from './store/seal.ts';

export interface HeadlessOptions extends Pick<
  RuntimeOptions,
  'configFile' | 'homePath' | 'workerUrl' | 'log'
> {
  /** File with the key that seals secrets at rest; without one they are kept in memory only. */
  keyFile?: string | undefined;
}

/** Composition root without a screen (`latchkey serve`); throws what {@link startRuntime} throws. */
export function startHeadless({ keyFile, ...options }: HeadlessOptions): Promise<Runtime> {
  return startRuntime({
    ...options,
    headless: true,
    openBrowser,
    openSeal: async () =>
      keyFile === undefined
        ? createMemorySeal(
            'There is no key file (--key-file or LATCHKEY_KEY_FILE), so nothing secret is written to disk.',
          )
        : openKeyFileSeal(keyFile),
  });
}
