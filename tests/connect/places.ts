import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fillMerge } from '../../main/connect/fill.ts';
import { applyMerge } from '../../main/connect/merge.ts';
import type { Place, Protocol, Settings } from '../../main/connect/types.ts';

/** A password of the form of a handle. */
export const handle = 'lkh_7Qm2vXr9TzK4bYw8NcJ5sDf1GhL6pAe3UiOoQwErTyZxCvBn';

export function place(protocol: Protocol, changes: Partial<Place> = {}): Place {
  return {
    connection: 'sales',
    title: 'Sales & <stock> "2026"',
    protocol,
    host: '127.0.0.1',
    port: { postgresql: 6432, mysql: 6306, sqlserver: 6433 }[protocol],
    database: 'sales',
    username: 'bruno@fabrikam.example',
    command: ['/opt/Latch key/latchkey'],
    system: 'linux',
    ...changes,
  };
}

/** Writes the files of the settings below a folder that stands for a home, with nothing in them before. */
export function writeFiles({ files }: Settings, home: string, password: string): string[] {
  return files.map((file) => {
    const path = join(home, (file.paths[0] ?? '').replace('~/', ''));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, applyMerge(undefined, fillMerge(file.merge, password)).text, {
      encoding: 'latin1',
      mode: file.mode,
    });
    return path;
  });
}

/** A program that prints the password where it is called as `latchkey token sales` is. */
export function writeTokenCommand(folder: string, password: string): string[] {
  const path = join(folder, 'latch key');
  writeFileSync(path, `#!/bin/sh\n[ "$*" = 'token sales --role reader' ] && echo '${password}'\n`, {
    mode: 0o700,
  });
  return [path];
}
