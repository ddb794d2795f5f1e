import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { Home } from '../store/home.ts';
import { socketPath } from '../store/socket-path.ts';

/** What `run/api.json` says: how the command line finds the broker of this home, and proves that it may ask. */
export const apiDescription = z.object({
  pid: z.number().int(),
  version: z.string(),
  url: z.string(),
  socket: z.string().optional(),
  bearer: z.string(),
});
export type ApiDescription = z.infer<typeof apiDescription>;

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
