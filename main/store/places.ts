import { userInfo } from 'node:os';
import { posix, resolve, win32, type PlatformPath } from 'node:path';
import { LatchkeyError } from '../contract/errors.ts';

/**
 * Where files of the person are. None of these is ever in the current folder because a variable is empty, missing or
 * relative: whoever made that folder could lay a configuration there, which names commands, or read what is put there.
 */

type Environment = Record<string, string | undefined>;

function pathsOf(platform: NodeJS.Platform): PlatformPath {
  return platform === 'win32' ? win32 : posix;
}

/**
 * A folder that a variable names. XDG Base Directory Specification 0.8: an empty or relative value counts as unset;
 * here for the others, too.
 */
function folderOf(environment: Environment, name: string, platform: NodeJS.Platform): string | undefined {
  const value = environment[name];
  return value !== undefined && pathsOf(platform).isAbsolute(value) ? value : undefined;
}

/**
 * The person's own folder: `HOME` (Windows: `USERPROFILE`), else what the system's database of accounts has.
 * @param account asks that database
 * @throws LatchkeyError `home-unusable` where neither names one
 */
export function userFolder(
  environment: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
  account: () => string = () => userInfo().homedir,
): string {
  const variable = platform === 'win32' ? 'USERPROFILE' : 'HOME';
  const named = folderOf(environment, variable, platform);
  if (named !== undefined) return named;
  let known = '';
  try {
    known = account();
  } catch {
    // An account without an entry, as in some containers.
  }
  if (pathsOf(platform).isAbsolute(known)) return known;
  throw new LatchkeyError(
    'home-unusable',
    `Your home folder cannot be found: ${variable} names no full path, and this account has none.`,
    { remedy: `Set ${variable}, or name the places with --home and --config.` },
  );
}

/** For what can do without the person's folder: undefined where `find` has asked for it and there is none. */
export function ifHome<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === 'home-unusable') return undefined;
    throw error;
  }
}

/** As {@link userFolder}; undefined where there is none. */
export function knownUserFolder(environment: Environment = process.env): string | undefined {
  return ifHome(() => userFolder(environment));
}

/** The name of this account of the system; one without an entry, as in some containers, has a number alone. */
export function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}

/** A folder of the XDG Base Directory Specification 0.8, on Linux; `usual` is where it is unless told. */
export function xdgFolder(
  variable: 'XDG_CONFIG_HOME' | 'XDG_DATA_HOME' | 'XDG_STATE_HOME',
  environment: Environment = process.env,
  home: () => string = () => userFolder(environment),
): string {
  const usual = { XDG_CONFIG_HOME: '.config', XDG_DATA_HOME: '.local/share', XDG_STATE_HOME: '.local/state' };
  return folderOf(environment, variable, 'linux') ?? posix.join(home(), usual[variable]);
}

/**
 * Where the state lives unless told: the XDG state folder on Linux, Application Support on macOS, %LOCALAPPDATA% on
 * Windows, which does not roam.
 */
export function defaultHome(
  environment: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
  home: () => string = () => userFolder(environment, platform),
): string {
  const { join } = pathsOf(platform);
  if (platform === 'darwin') return join(home(), 'Library', 'Application Support', 'Latchkey');
  if (platform !== 'win32') return join(xdgFolder('XDG_STATE_HOME', environment, home), 'latchkey');
  return join(
    folderOf(environment, 'LOCALAPPDATA', platform) ?? join(home(), 'AppData', 'Local'),
    'Latchkey',
  );
}

/** Where the configuration is unless told: the platform's folder for a person's settings. */
export function defaultConfigFile(
  environment: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
  home: () => string = () => userFolder(environment, platform),
): string {
  const { join } = pathsOf(platform);
  const name = 'latchkey.yaml';
  if (platform === 'darwin') return join(home(), 'Library', 'Application Support', 'Latchkey', name);
  if (platform !== 'win32') return join(xdgFolder('XDG_CONFIG_HOME', environment, home), 'latchkey', name);
  return join(
    folderOf(environment, 'APPDATA', platform) ?? join(home(), 'AppData', 'Roaming'),
    'Latchkey',
    name,
  );
}

/**
 * What an option of the command line names, else a variable. An option may be relative, as all paths that a person
 * types; a variable may not, since it outlives the folder in which it was meant. An empty variable counts as unset.
 * @throws LatchkeyError `request-invalid` for an empty option, a relative variable
 */
function chosen(
  option: { name: string; value: string | undefined },
  variable: string,
  environment: Environment,
): string | undefined {
  if (option.value === '') {
    throw new LatchkeyError('request-invalid', `${option.name} names nothing.`, {
      remedy: 'Leave it out, or give it a path.',
    });
  }
  if (option.value !== undefined) return resolve(option.value);
  const named = environment[variable];
  if (named === undefined || named === '') return undefined;
  const folder = folderOf(environment, variable, process.platform);
  if (folder !== undefined) return folder;
  throw new LatchkeyError('request-invalid', `${variable} is no full path.`, {
    remedy: `Give it one from the root, or unset it; ${option.name} takes a path from the current folder.`,
  });
}

/** The state folder: `--home`, `LATCHKEY_HOME`, or {@link defaultHome}. Always a full path; throws what they throw. */
export function chosenHome(option?: string, environment: Environment = process.env): string {
  return chosen({ name: '--home', value: option }, 'LATCHKEY_HOME', environment) ?? defaultHome(environment);
}

/** The configuration: `--config`, `LATCHKEY_CONFIG`, or {@link defaultConfigFile}. */
export function chosenConfigFile(option?: string, environment: Environment = process.env): string {
  return (
    chosen({ name: '--config', value: option }, 'LATCHKEY_CONFIG', environment) ??
    defaultConfigFile(environment)
  );
}

/** The key of the seal: `--key-file`, `LATCHKEY_KEY_FILE`, or none. */
export function chosenKeyFile(option?: string, environment: Environment = process.env): string | undefined {
  return chosen({ name: '--key-file', value: option }, 'LATCHKEY_KEY_FILE', environment);
}

/** The options with which another start finds these places: only those that it would not find without being told. */
export function placeArguments(places: { home: string; config?: string }): string[] {
  const { home, config } = places;
  const named = (option: string, path: string, usual: () => string): string[] => {
    try {
      if (path === usual()) return [];
    } catch {
      // Where there is no usual place, it has to be told.
    }
    return [option, path];
  };
  return [
    ...named('--home', home, defaultHome),
    ...(config === undefined ? [] : named('--config', config, defaultConfigFile)),
  ];
}
