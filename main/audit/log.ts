import { fstatSync, statSync, type Stats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder, writeFully } from '../store/durable-file.ts';
import { systemCode } from '../store/system-reason.ts';
import { auditFile, type AuditFileName } from './audit-files.ts';
import type { AuditEvent } from './events.ts';
import { encodeRecord, type ChainEnd } from './record-line.ts';

export type AuditFile = Pick<FileHandle, 'write' | 'datasync' | 'truncate' | 'close'> & {
  stat(): Promise<Stats>;
};

/** `wx` creates the file, and fails where it exists. */
export type OpenAuditFile = (path: string, flags: 'r+' | 'wx') => Promise<AuditFile>;

/**
 * Its size is read in this thread: the system has it in memory, while the way to the thread pool and back costs more than
 * all the rest of a record. Bytes are written and synced in the pool, as a disk may take its time.
 */
export const openAuditFile: OpenAuditFile = async (path, flags) => {
  const handle = await open(path, flags, 0o600);
  return {
    write: handle.write.bind(handle),
    datasync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    stat: async () => fstatSync(handle.fd),
    close: () => handle.close(),
  };
};

export type AuditLog = Awaited<ReturnType<typeof openLog>>;

/**
 * The open end of the chain. One call at a time. A call that fails leaves the state as it was before; `takeBack` then
 * takes what it may have left in the file.
 *
 * @param start.length the file's length: everything before it is on the disk
 * @param maxFileBytes a file grows up to this size; then the chain goes on in the next one
 */
export async function openLog(
  start: { file: AuditFileName; isNew: boolean; length: number; end: ChainEnd },
  options: { openFile: OpenAuditFile; maxFileBytes: number },
) {
  let { file, length, end } = start;
  let { handle, identity } = await openAt(file, start.isNew, options.openFile);
  /** Where turning the page failed, the next file may be there or not: whoever looks anew will see. */
  let isStale = false;

  async function turnPage(): Promise<void> {
    const next = auditFile(dirname(file.path), file.number + 1);
    isStale = true;
    const opened = await openAt(next, true, options.openFile);
    isStale = false;
    await handle.close();
    ({ handle, identity } = opened);
    file = next;
    length = 0;
  }

  async function reopen(): Promise<boolean> {
    let again;
    try {
      again = await openAt(file, false, options.openFile);
    } catch (thrown) {
      if (systemCode(thrown) === 'ENOENT') return false;
      throw thrown;
    }
    const isSame = again.identity.dev === identity.dev && again.identity.ino === identity.ino;
    await (isSame ? handle : again.handle).close().catch(() => undefined);
    if (isSame) handle = again.handle;
    return isSame;
  }

  return {
    path: (): string => file.path,
    end: (): ChainEnd => end,

    /** False where somebody removed, replaced, shortened or wrote to the file since the last write: open it anew. */
    isUntouched(): boolean {
      if (isStale) return false;
      try {
        const { dev, ino, size } = statSync(file.path);
        return dev === identity.dev && ino === identity.ino && size === length;
      } catch (thrown) {
        if (systemCode(thrown) === 'ENOENT') return false;
        throw thrown;
      }
    },

    /** Resolves when every record is on the disk. */
    async write(events: readonly AuditEvent[], time: Date): Promise<void> {
      const lines: Buffer[] = [];
      let next = end;
      for (const event of events) {
        const encoded = encodeRecord(event, next, time);
        lines.push(encoded.line);
        next = encoded.end;
      }
      const bytes = Buffer.concat(lines);
      if (length > 0 && length + bytes.length > options.maxFileBytes) await turnPage();
      await writeFully(handle, bytes, length);
      await handle.datasync();
      length += bytes.length;
      end = next;
    },

    /**
     * Makes the file end with the last record that was written: no half record, and none that was refused. Does
     * nothing where the file is not there any more.
     */
    async takeBack(): Promise<void> {
      try {
        await handle.truncate(length);
      } catch {
        // A handle may have gone bad for good, as on a network disk that was away; the path may still work.
        if (await reopen()) await handle.truncate(length);
      }
    },

    close: (): Promise<void> => handle.close(),
  };
}

async function openAt(file: AuditFileName, isNew: boolean, openFile: OpenAuditFile) {
  const handle = await openFile(file.path, isNew ? 'wx' : 'r+');
  try {
    if (isNew) await syncFolder(dirname(file.path));
    return { handle, identity: await handle.stat() };
  } catch (thrown) {
    await handle.close().catch(() => undefined);
    throw thrown;
  }
}
