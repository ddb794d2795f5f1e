import { systemCode } from '../store/system-reason.ts';
import { listAuditFiles, readLineGroups } from './audit-files.ts';

/** The version of the form, number and time stand before it. */
const eventOf = /^\{(?:"v":\d+,)?"seq":\d+,"time":"[\d:.TZ-]{20,30}","event":"([a-z-]{1,60})"/;
const headLength = 200;

/** How many records there are of each event; lines that are no records are passed over. */
export async function countRecords(
  folder: string,
): Promise<{ files: number; records: Record<string, number> }> {
  const files = await listAuditFiles(folder);
  const counts = new Map<string, number>();
  for (const { path } of files) {
    try {
      for await (const lines of readLineGroups(path))
        for (const { bytes } of lines) {
          const event = eventOf.exec(bytes.toString('latin1', 0, headLength))?.[1];
          if (event !== undefined) counts.set(event, (counts.get(event) ?? 0) + 1);
        }
    } catch (thrown) {
      // Old files may be taken away while they are counted.
      if (systemCode(thrown) !== 'ENOENT') throw thrown;
    }
  }
  const sorted = [...counts].toSorted(([left], [right]) => left.localeCompare(right));
  return { files: files.length, records: Object.fromEntries(sorted) };
}
