import { mkdir, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../store/durable-file.ts';
import { readAnchor, writeAnchor } from './anchor.ts';
import type { AuditKey } from './audit-key.ts';
import type { ChainBreak } from './chain.ts';
import type { AuditEvent } from './events.ts';
import { findEnd, type FoundEnd } from './find-end.ts';
import { openLog, type AuditLog, type OpenAuditFile } from './log.ts';
import { genesis, type ChainEnd } from './record-line.ts';

export interface ChainWriterOptions {
  folder: string;
  now(): Date;
  openFile: OpenAuditFile;
  maxFileBytes: number;
  key: AuditKey | undefined;
  /** An event as it is recorded: with its actor. */
  named(event: AuditEvent): AuditEvent;
  onBroken(at: ChainBreak): void;
}

const pendingSuffix = '.pending';

/**
 * The end of the chain on the disk. Before the first record, and after whatever went wrong, it looks where the chain ends,
 * repairs what a crash left, and notes that. One call at a time.
 */
export function createChainWriter(options: ChainWriterOptions) {
  const { folder, now, named } = options;
  let log: AuditLog | undefined;
  /** The last write failed and could not be taken back yet. */
  let remains = false;
  /** What this process has written for certain, also while the log is closed. */
  let written = genesis;
  let path = folder;
  let { key } = options;
  let isKeyNew = key?.isNew === true;
  /** What was found at the start has not been held against the key yet. */
  let isKeyUnheld = false;

  async function resume(): Promise<AuditLog> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const anchor = await readAnchor(folder, key, isKeyNew);
    const found = await findEnd(folder, anchor, written);
    // From the first record on, a missing anchor means that somebody took it away.
    if (anchor.kind === 'absent' && found.isNew) await writeAnchor(folder, genesis, undefined);
    if (found.torn !== undefined) await keepTorn(found, found.torn);
    const opened = await openLog(found, options);
    try {
      await opened.takeBack();
      await noteRepairs(opened, found.broken);
    } catch (thrown) {
      await opened.takeBack().catch(() => undefined);
      await opened.close().catch(() => undefined);
      throw thrown;
    }
    if (found.broken !== undefined) options.onBroken(found.broken);
    written = opened.end();
    path = opened.path();
    return opened;
  }

  async function keepTorn({ file, length }: FoundEnd, bytes: Buffer): Promise<void> {
    const time = now().toISOString().replaceAll(/[-:.]/g, '');
    await writeDurably(join(folder, `torn-${file.number}-${length}-${time}.bin${pendingSuffix}`), bytes);
  }

  async function noteRepairs(opened: AuditLog, broken: ChainBreak | undefined): Promise<void> {
    const pending = (await readdir(folder)).filter((name) => name.endsWith(`.bin${pendingSuffix}`));
    const notes: AuditEvent[] = [];
    if (broken !== undefined) notes.push({ event: 'audit-repaired', cause: 'chain-broken', ...broken });
    for (const name of pending) {
      const { size } = await stat(join(folder, name));
      notes.push({ event: 'audit-repaired', cause: 'torn-tail', keptIn: keptAs(name), bytes: size });
    }
    if (isKeyNew && key !== undefined)
      notes.push({ event: 'audit-key-made', publicKey: key.publicKey, seal: key.kind });
    if (notes.length > 0) await opened.write(notes.map(named), now());
    if (isKeyNew) await keepKey(opened.end());
    // Only now: a crash before this makes the next start note the same repair again, rather than never.
    for (const name of pending) await rename(join(folder, name), join(folder, keptAs(name)));
  }

  /** The note first: a key that is kept and has signed none would look like a note that somebody took away. */
  async function keepKey(end: ChainEnd): Promise<void> {
    await writeAnchor(folder, end, key);
    await key?.keep();
    isKeyNew = false;
  }

  async function close(): Promise<void> {
    const dropped = log;
    log = undefined;
    await dropped?.close().catch(() => undefined);
  }

  return {
    /** The last record that is surely on the disk. */
    end: (): ChainEnd => written,
    /** Of the file that is written to. */
    path: (): string => path,
    async open(): Promise<void> {
      log = await resume();
    },
    /** Resolves when the records are on the disk. Whatever is thrown, none of them counts; the next call tries anew. */
    async write(events: readonly AuditEvent[]): Promise<void> {
      try {
        if (remains) await log?.takeBack();
        remains = false;
        if (log !== undefined && (isKeyUnheld || !log.isUntouched())) await close();
        isKeyUnheld = false;
        log ??= await resume();
        await log.write(events, now());
        written = log.end();
        path = log.path();
      } catch (thrown) {
        await log?.takeBack().catch(() => {
          remains = true;
        });
        throw thrown;
      }
    },
    /** Notes what is surely on the disk. */
    anchor: (end: ChainEnd): Promise<void> => writeAnchor(folder, end, key),
    /** Signs the anchor from the next record on; the chain is held against it. */
    takeKey(later: AuditKey): void {
      key = later;
      isKeyNew = later.isNew;
      isKeyUnheld = true;
    },
    close,
  };
}

function keptAs(pending: string): string {
  return pending.slice(0, -pendingSuffix.length);
}
