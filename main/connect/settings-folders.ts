import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { settingsFor, tools } from './tools.ts';
import type { Place } from './types.ts';
import { expandPath } from './settings-files.ts';
import { thisSystem } from './tool-programs.ts';

/** Any one: where a tool keeps its settings does not depend on it. */
const anywhere: Omit<Place, 'protocol'> = {
  connection: 'any',
  title: 'any',
  host: '127.0.0.1',
  port: 1,
  database: 'any',
  username: 'any',
  authorityFile: '/any',
  command: ['latchkey'],
  odbcDrivers: ['ODBC Driver 18 for SQL Server', 'FreeTDS', 'MariaDB', 'PostgreSQL Unicode'],
  system: thisSystem(),
};

/**
 * The folders in which `latchkey connect --write` puts files, those behind symbolic links too; only those that exist.
 * A crash in the middle of it leaves a file there that can hold a handle.
 */
export async function settingsFolders(): Promise<string[]> {
  const folders = new Set<string>();
  for (const tool of tools) {
    for (const protocol of tool.protocols) {
      const { files } = settingsFor(tool.id, { ...anywhere, protocol });
      for (const { paths, variable } of files) {
        const named = variable === undefined ? undefined : process.env[variable];
        const known = [...paths.map(expandPath), named].filter(
          (path): path is string => path !== undefined && isAbsolute(path),
        );
        for (const path of known) {
          // Together: one that is awaited after the other would be nobody's when it fails first, which ends the process.
          const found = await Promise.allSettled([realpath(dirname(path)), realpath(path).then(dirname)]);
          for (const each of found) if (each.status === 'fulfilled') folders.add(each.value);
        }
      }
    }
  }
  return [...folders];
}
