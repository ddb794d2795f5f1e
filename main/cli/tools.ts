import type { Command } from 'commander';
import type { ConfigurationSource, OrganisationSource } from '../config/load.ts';
import { chosenConfigFile, chosenHome } from '../store/places.ts';
import { connectClient, type Client } from './client.ts';
import { failed, type Output } from './output.ts';

export interface Globals {
  config: string;
  home: string;
  /** Sign-in name or object id of the account that is meant. */
  as: string | undefined;
  json: boolean;
}

type Body<First> = (first: First, ...parameters: never[]) => Promise<number | void>;
type Action = (...parameters: unknown[]) => Promise<void>;

/** What a group of commands needs to register itself. */
export interface Tools {
  program: Command;
  output: Output;
  /** Aborts on Ctrl-C. */
  signal: AbortSignal;
  /** The file of this computer. */
  organisation: OrganisationSource;
  /** The gateway's worker script, in a bundle. */
  workerUrl: URL | undefined;
  /** Where the layers of the configuration are read. */
  source(globals: Pick<Globals, 'config' | 'home'>): Promise<ConfigurationSource>;
  /** Runs the body with the options of the whole line; a failure becomes sentences and an exit code. */
  run(body: Body<Globals>): Action;
  /** The same, with a client of the home's broker. */
  withClient(body: Body<Client>): Action;
}

/** @param onEnd gets the exit code of the command that has run */
export function createTools(
  program: Command,
  output: Output,
  signal: AbortSignal,
  { organisation, workerUrl }: Pick<Tools, 'organisation' | 'workerUrl'>,
  onEnd: (exitCode: number) => void,
): Tools {
  const run: Tools['run'] =
    (body) =>
    async (...parameters) => {
      const command = parameters.at(-1) as Command;
      const globals = globalsOf(command.optsWithGlobals());
      try {
        onEnd((await body(globals, ...(parameters.slice(0, -1) as never[]))) ?? 0);
      } catch (error) {
        onEnd(failed(output, error));
      }
    };
  const withClient: Tools['withClient'] = (body) =>
    run(async ({ home, as }, ...parameters) => body(await connectClient(home, as), ...parameters));
  const source: Tools['source'] = async ({ config, home }) => {
    const [{ organisationSource }, { keptOrganisation }] = await Promise.all([
      import('../organisation/source.ts'),
      import('../organisation/kept.ts'),
    ]);
    return { file: config, organisation: organisationSource(organisation, keptOrganisation(home)) };
  };
  return { program, output, signal, organisation, workerUrl, source, run, withClient };
}

/** The options of the whole line. A place is looked for when a command needs it, so that only that one can fail. */
function globalsOf(options: { home?: string; config?: string; as?: string; json?: boolean }): Globals {
  return {
    as: options.as,
    json: options.json === true,
    get home() {
      return chosenHome(options.home);
    },
    get config() {
      return chosenConfigFile(options.config);
    },
  };
}
