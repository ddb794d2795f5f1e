import { isAbsolute } from 'node:path';
import { knownUserFolder } from '../store/places.ts';

/**
 * What a credential program gets of the environment: what it needs to find programs, its files and the user's keyring.
 * Whatever else is in there (tokens, passwords, proxies with a password in them) stays here.
 */
const passedOn = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'TZ',
  'TMPDIR',
  'XDG_CONFIG_HOME',
  'XDG_RUNTIME_DIR',
  'DBUS_SESSION_BUS_ADDRESS',
  // Windows; without the first many programs do not start.
  'SystemRoot',
  'SystemDrive',
  'windir',
  'ComSpec',
  'PATHEXT',
  'TEMP',
  'TMP',
  'USERPROFILE',
  'USERNAME',
  'APPDATA',
  'LOCALAPPDATA',
  'ProgramData',
  'ProgramFiles',
];

/**
 * HOME is the account's where the variable does not name a folder: programs keep keys below it, and would look for
 * them in the folder that they run in.
 */
export function programEnvironment(from: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const environment = Object.fromEntries(
    passedOn.flatMap((name) => {
      const value = from[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  if (process.platform === 'win32' || isAbsolute(environment['HOME'] ?? '')) return environment;
  const { HOME: _unusable, ...others } = environment;
  const home = knownUserFolder(from);
  return home === undefined ? others : { ...others, HOME: home };
}
