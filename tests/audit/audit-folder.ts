import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openAuditKey, type AuditKey } from '../../main/audit/audit-key.ts';
import { openAudit, type AuditOptions } from '../../main/audit/audit.ts';
import type { AuditEvent } from '../../main/audit/events.ts';

export const firstFile = 'audit-000001.jsonl';

/** An event that can be told from the others. */
export const numbered = (n: number): AuditEvent => ({ event: 'request-refused', reason: `number ${n}` });

/** Writes `count` records and closes the audit. */
export async function writeRecords(options: AuditOptions, count: number, from = 1): Promise<void> {
  const audit = await openAudit(options);
  for (let n = from; n < from + count; n += 1) await audit.append(numbered(n));
  await audit.close();
}

/** The lines of an audit file, with their newlines. */
export async function linesOf(folder: string, name = firstFile): Promise<string[]> {
  return (await readFile(join(folder, name), 'utf8')).split(/(?<=\n)/);
}

export async function setLines(folder: string, lines: string[], name = firstFile): Promise<void> {
  await writeFile(join(folder, name), lines.join(''));
}

/** Secrets that nobody seals. */
export function memoryStore() {
  const secrets = new Map<string, Uint8Array>();
  return {
    get: async (name: string) => secrets.get(name),
    set: async (name: string, value: Uint8Array) => void secrets.set(name, value),
  };
}

/** A key of an audit that begins. */
export async function keptKey(): Promise<AuditKey> {
  const { key } = await openAuditKey(memoryStore(), { kind: 'key-file' });
  if (key === undefined) throw new Error('no key');
  return key;
}
