import { join } from 'node:path';
import type { Check } from '../contract/shapes.ts';
import type { AppState } from '../contract/state.ts';
import type { SupportBundle } from '../contract/support-bundle.ts';
import { logFileName } from '../log/log.ts';
import type { PartOptions } from './options.ts';

interface SupportParts {
  state(): AppState;
  doctor(): Promise<Check[]>;
}

/** What helps whoever helps: where the log is, and a bundle of how everything stands. */
export function createSupport({ home, inForce, source }: PartOptions, { state, doctor }: SupportParts) {
  return {
    logFile: join(home.log, logFileName),
    async supportBundle(): Promise<SupportBundle> {
      const { makeSupportBundle } = await import('../support-bundle/bundle.ts');
      const findings = await doctor();
      const { configuration } = inForce;
      return makeSupportBundle({
        home: home.path,
        configFile: source.file,
        configuration,
        state: state(),
        findings,
      });
    },
  };
}
