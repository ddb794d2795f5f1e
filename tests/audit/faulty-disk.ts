import { openAuditFile, type AuditFile, type OpenAuditFile } from '../../main/audit/log.ts';

export type Operation = 'open' | 'write' | 'stat' | 'datasync' | 'truncate';

export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/**
 * Real files behind an opener that can be told to fail, to write a part only, or to wait. `before` is asked ahead of
 * each operation: it may throw, and for `write` it may answer how many bytes to let through.
 */
export function faultyDisk(
  before: (operation: Operation, path: string) => void | number | Promise<void | number>,
) {
  const openFile: OpenAuditFile = async (path, flags) => {
    await before('open', path);
    const real = await openAuditFile(path, flags);
    async function write(bytes: Uint8Array, offset: number, length: number, position: number) {
      const allowed = (await before('write', path)) ?? length;
      return real.write(bytes, offset, Math.min(allowed, length), position);
    }
    return {
      write: write as AuditFile['write'],
      async datasync() {
        await before('datasync', path);
        return real.datasync();
      },
      async truncate(length) {
        await before('truncate', path);
        return real.truncate(length);
      },
      stat: (async () => {
        await before('stat', path);
        return real.stat();
      }) as AuditFile['stat'],
      close: () => real.close(),
    };
  };
  return openFile;
}
