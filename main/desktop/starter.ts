import { existsSync } from 'node:fs';
import type { ActionHandlers } from '../contract/action-schemas.ts';
import { LatchkeyError, toProblem } from '../contract/errors.ts';
import type { Language } from '../contract/language.ts';
import type { Start } from '../contract/shapes.ts';
import type { ShownProblem } from '../contract/state.ts';

/** The person's configuration file. */
export interface OwnConfiguration {
  path: string;
  /** Writes an empty one where there is none. @throws LatchkeyError */
  create(): Promise<void>;
}

interface StarterParts {
  /** Starts what the application is for; called once more for each try, and never after one that succeeded. */
  start(): Promise<void>;
  /** Undefined where it cannot be told where it is. */
  configuration: OwnConfiguration | undefined;
  /** Has the system open a file; resolves to an empty string, or to the reason why it could not. */
  openFile(path: string): Promise<string>;
  /** Further files that the window shows once there is a broker: those that have faults. */
  shownFiles?(): readonly string[];
  /** What the window speaks. */
  language?(): Language;
  /** Called after each try that has failed. */
  failed(error: unknown): void;
}

/** What the window may ask for before there is a broker. */
export type StartAction = 'getStart' | 'tryStart' | 'openConfiguration';
export type StartActions = ActionHandlers<StartAction>;

export interface Starter {
  /** @returns what has come of it; a try that is under way is waited for */
  run(): Promise<Start>;
  /** Whether it has failed, and nobody tries again now. */
  hasFailed(): boolean;
  actions: StartActions;
}

/** Starts the application, and again when a person says so, in the same process. */
export function createStarter({
  start,
  configuration,
  openFile,
  shownFiles = () => [],
  language,
  failed,
}: StarterParts): Starter {
  let state: Start | undefined;
  let underWay: Promise<Start> | undefined;

  const spoken = () => (language === undefined ? {} : { language: language() });

  async function attempt(): Promise<Start> {
    try {
      await start();
      return { kind: 'running', ...spoken() };
    } catch (error) {
      failed(error);
      const { path } = configuration ?? {};
      return {
        kind: 'failed',
        problem: toProblem(error),
        ...(path === undefined ? {} : { file: path }),
        isThere: path !== undefined && existsSync(path),
        ...spoken(),
      };
    }
  }

  async function run(): Promise<Start> {
    if (state?.kind === 'running') return state;
    underWay ??= attempt();
    state = await underWay;
    underWay = undefined;
    return state;
  }

  return {
    run,
    hasFailed: () => underWay === undefined && state?.kind === 'failed',
    actions: {
      getStart: async () => ({ ...(await (underWay ?? state ?? run())), ...spoken() }),
      async tryStart({ create }) {
        if (create === true && state?.kind === 'failed') await configuration?.create();
        return run();
      },
      async openConfiguration({ file = configuration?.path }) {
        // The page names the file: no other than one of these may be opened by it.
        const known = [configuration?.path, ...faultyFiles(state), ...shownFiles()];
        if (file === undefined || !known.includes(file))
          throw new LatchkeyError('request-refused', 'This file is none of the configuration.', {
            remedy: 'Open one of the files that are shown.',
          });
        const failure = await openFile(file);
        if (failure !== '')
          throw new LatchkeyError('command-failed', `The system could not open ${file}: ${failure}`, {
            remedy: 'Open it yourself in an editor.',
          });
      },
    },
  };
}

function faultyFiles(state: Start | undefined): string[] {
  return state?.kind === 'failed' ? filesOf(state.problem) : [];
}

/** The files that a problem names. */
export const filesOf = ({ faults = [] }: ShownProblem): string[] => faults.map(({ file }) => file);
