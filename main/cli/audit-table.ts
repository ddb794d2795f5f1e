import type { AuditRecord } from '../audit/record-line.ts';
import { member, text, who } from '../audit/who.ts';
import { plain } from './output.ts';

/** What stands in columns of its own, or says nothing to a reader. */
const elsewhere = new Set(['v', 'seq', 'time', 'event', 'prev', 'hash', 'actor', 'account', 'process']);

/** Records as lines of four columns: time of this place, event, who, what. */
export function auditTable(records: AuditRecord[]): string {
  const rows = records.map((record) => [timeOf(record), record.event, who(record), what(record)].map(plain));
  const head = ['TIME', 'EVENT', 'WHO', 'WHAT'];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => Math.min(row[column]?.length ?? 0, 40))),
  );
  return [head, ...rows]
    .map((row) => row.map((cell, column) => cell.padEnd(column === 3 ? 0 : (widths[column] ?? 0))).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}

function what(record: AuditRecord): string {
  const process = member(record, 'process');
  const program = text(member(process, 'program'));
  const words = Object.entries(record)
    .filter(([key, value]) => !elsewhere.has(key) && value !== '')
    .map(([key, value]) => `${key}=${shown(value)}`);
  return [...words, ...(program === undefined ? [] : [`process=${program}`])].join(' ');
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length > 3 ? `(${value.length})` : value.map(shown).join(',');
  return text(value) ?? JSON.stringify(value);
}

function timeOf({ time }: AuditRecord): string {
  const when = new Date(time);
  const two = (number: number): string => `${number}`.padStart(2, '0');
  const date = [when.getFullYear(), two(when.getMonth() + 1), two(when.getDate())].join('-');
  return `${date} ${[when.getHours(), when.getMinutes(), when.getSeconds()].map(two).join(':')}`;
}
