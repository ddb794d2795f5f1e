import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Home } from '../store/home.ts';
import { socketPath } from '../store/socket-path.ts';

/** What `run/api.json` says: how the command line finds the broker of this home, and proves that it may ask. */
export interface ApiDescription {
  pid: number;
  version: string;
  url: string;
  socket?: string | undefined;
  bearer: string;
}

/** By hand: each command reads it, and loads no schema library for five keys. @throws where the text is no description */
export function readApiDescription(text: string): ApiDescription {
  const { pid, version, url, socket, bearer } = JSON.parse(text) as Record<string, unknown>;
  if (
    typeof pid !== 'number' ||
    typeof version !== 'string' ||
    typeof url !== 'string' ||
    typeof bearer !== 'string' ||
    (socket !== undefined && typeof socket !== 'string')
  )
    throw new TypeError('no description of an API');
  return { pid, version, url, socket, bearer };
}

export function apiFile(home: Pick<Home, 'run'>): string {
  return join(home.run, 'api.json');
}

/** Unix socket in the home, or a named pipe on Windows; undefined where the path would be too long for a socket. */
export function socketAddress(home: Pick<Home, 'run'>): string | undefined {
  if (process.platform === 'win32') {
    return String.raw`\\.\pipe\latchkey-${createHash('sha256').update(home.run).digest('hex').slice(0, 24)}`;
  }
  return socketPath(home.run, 'api.sock');
}
