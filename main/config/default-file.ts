import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where the configuration is unless told: the platform's folder for a user's settings. */
export function defaultConfigFile(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (platform === 'darwin')
    return join(homedir(), 'Library', 'Application Support', 'Latchkey', 'latchkey.yaml');
  if (platform === 'win32')
    return join(environment['APPDATA'] ?? join(homedir(), 'AppData', 'Roaming'), 'Latchkey', 'latchkey.yaml');
  const folder = environment['XDG_CONFIG_HOME'];
  return join(
    folder !== undefined && isAbsolute(folder) ? folder : join(homedir(), '.config'),
    'latchkey',
    'latchkey.yaml',
  );
}
