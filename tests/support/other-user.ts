import { spawnSync } from 'node:child_process';
import { program, type Part } from './parts.ts';

/**
 * The beginning of a command line that runs the rest as another user of this machine: `nobody` for root, and root for
 * everybody who may use sudo.
 */
function findOtherUser(): { part: Part; prefix: string[] } {
  const name = 'another user';
  if (process.getuid?.() === 0) {
    const { path } = program('setpriv', 'install the package util-linux');
    const part = { name, path, remedy: 'install the package util-linux' };
    return { part, prefix: [path ?? '', '--reuid=65534', '--regid=65534', '--clear-groups', '--'] };
  }
  const { path } = program('sudo', '');
  const usable = path !== undefined && spawnSync(path, ['-n', 'true']).status === 0;
  const part = {
    name,
    path: usable ? path : undefined,
    remedy: 'run the tests as root or let sudo work without a password',
  };
  return { part, prefix: [path ?? '', '-n', '--'] };
}

export const otherUser = findOtherUser();
