import { join } from 'node:path';

/** `sun_path` holds 104 bytes on macOS and 108 on Linux, the closing zero included. */
const maxSocketPathBytes = 103;

/** The path of a unix socket in `folder`, or undefined where the system has none or the path would be cut off. */
export function socketPath(folder: string, name: string): string | undefined {
  const path = join(folder, name);
  return process.platform === 'win32' || Buffer.byteLength(path) > maxSocketPathBytes ? undefined : path;
}
