import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Audit } from '../audit/audit.ts';
import type { AuditEvent } from '../audit/events.ts';
import { orTakenBack } from '../audit/recorded.ts';
import { createMutex } from '../base/mutex.ts';
import {
  configurationTexts,
  loadedFrom,
  type ConfigurationSource,
  type ConfigurationTexts,
  type LoadedConfiguration,
} from '../config/load.ts';
import { loadedIfInOrder } from '../config/checked-change.ts';
import { type FaultyConnection, refuseNewFaults } from '../config/faulty.ts';
import { lockedOut } from '../config/ignored.ts';
import type { OrganisationLayer } from '../config/organisation.ts';
import type { Configuration } from '../config/schema.ts';
import { editFile, type Edited } from '../store/edit-file.ts';
import { makeFolder } from '../store/make-folder.ts';
import { madeConnections } from './made-connections.ts';

export type ConfigurationFile = ReturnType<typeof createConfigurationFile>;

/** A change of the file, for everything that makes one. */
export interface FileChange {
  /** The new text; pure, as it may be asked for more than once. */
  edit(text: string, organisation: OrganisationLayer | undefined): string;
  /** Names of connections that have to be in order afterwards, also where they are left out for a fault now. */
  inOrder?: readonly string[];
  /** Looks at the file as it would be, and as it was where that was in order. @throws LatchkeyError to keep it as it was */
  accept?(next: Configuration, before: Configuration | undefined): void | Promise<void>;
  /** For the audit, once it is written. */
  event(next: Configuration, before: Configuration | undefined): AuditEvent;
}

/**
 * The configuration file, which is the person's: what changes is written into it as it stands. All changes go through
 * here, one after the other, each checked as the next start would check it, and each on record.
 * @param leftOut the connections that are left out for their faults now
 */
export function createConfigurationFile(
  source: ConfigurationSource,
  audit: Pick<Audit, 'append'>,
  leftOut: () => readonly FaultyConnection[] = () => [],
) {
  const path = source.file;
  const mutex = createMutex();

  async function changeAlone({ edit, inOrder = [], accept, event }: FileChange): Promise<Configuration> {
    let result: { next: Configuration; record: AuditEvent } | undefined;
    const organisation = await source.organisation.read();
    const write = (): Promise<Edited> =>
      editFile(path, async (text) => {
        const changed = edit(text, organisation);
        const loaded = await checkedConfiguration({ person: changed, organisation }, path);
        // As the reload that follows does it: nobody has to mend another connection first.
        const known = leftOut().filter(({ name }) => !inOrder.includes(name));
        refuseNewFaults(loaded, known, path);
        const loadedBefore = loadedIfInOrder({ person: text, organisation }, path);
        const refusal = lockedOut(loadedBefore?.layers.ignored ?? [], loaded.layers.ignored);
        if (refusal !== undefined) throw refusal;
        const [next, before] = [loaded.configuration, loadedBefore?.configuration];
        await accept?.(next, before);
        result = { next, record: event(next, before) };
        return changed;
      });
    if (organisation !== undefined) await makeIfMissing(path);
    const edited = await write();
    if (result === undefined) throw new TypeError('the file was written without being read');
    await orTakenBack(audit.append(result.record), edited.takeBack);
    return result.next;
  }

  return {
    path,
    /** @throws LatchkeyError `config-unreadable`, `organisation-untrusted` */
    texts: (): Promise<ConfigurationTexts> => configurationTexts(source),
    /**
     * @returns what the file says after it
     * @throws LatchkeyError `config-invalid` with the faults of the result, `request-refused` where it cannot be changed in
     *   place, `organisation-locked` for what would not count, `store-failed`, `audit-unwritable`: the file is as it was then
     */
    change: (change: FileChange): Promise<Configuration> => mutex.run(() => changeAlone(change)),
  };
}

/** Where the organisation has said all, a person begins without a file. */
async function makeIfMissing(path: string): Promise<void> {
  try {
    await makeFolder(dirname(path));
    await (await open(path, 'wx', 0o600)).close();
  } catch (error) {
    // What is there, or cannot be made, is told by whoever reads it next.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

/**
 * What a start makes of these texts: its form, and the files and users of this computer that it names.
 * @throws LatchkeyError `config-invalid`
 */
export async function checkedConfiguration(
  texts: ConfigurationTexts,
  file: string,
): Promise<LoadedConfiguration> {
  return (await madeConnections(loadedFrom(texts, file))).loaded;
}
