import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readLines } from '../../main/audit/audit-files.ts';
import { openAudit } from '../../main/audit/audit.ts';
import { auditEntries, picksOf } from '../../main/audit/entries.ts';
import type { AuditEvent } from '../../main/audit/events.ts';
import { exportRecords } from '../../main/audit/export-file.ts';
import { readLinesBack } from '../../main/audit/lines-back.ts';
import { encodeRecord, genesis } from '../../main/audit/record-line.ts';
import type { AuditEntry, AuditFilter } from '../../main/contract/audit-shapes.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';
import { linesOf, numbered, writeRecords } from './audit-folder.ts';

const newFolder = useTemporaryFolders();

const ada = {
  provider: 'Fabrikam',
  tenantId: 't',
  objectId: 'a',
  username: 'ada@fabrikam.example',
  displayName: 'Ada',
};
const circumstances = { clientUser: 'ada', database: 'sales', program: 'psql', address: '127.0.0.1:5' };

/** Each of these at its minute of one hour. */
const happened: AuditEvent[] = [
  { event: 'broker-started', version: '1', connections: ['sales', 'orders'] },
  { event: 'sign-in-succeeded', provider: 'Fabrikam', account: ada, groups: 3, how: 'browser' },
  {
    event: 'token-issued',
    tokenId: 't1',
    account: ada,
    connection: 'sales',
    role: 'r',
    group: 'g',
    expiresAt: '',
  },
  { event: 'login-refused', connection: 'sales', ...circumstances, code: 'token-expired' },
  {
    event: 'login-refused',
    connection: 'orders',
    ...circumstances,
    program: 'Ünicode "tool"',
    code: 'client-denied',
  },
  { event: 'handle-made', handleId: 'h', tool: 'DBeaver', account: ada, connection: 'orders', expiresAt: '' },
  { event: 'provider-changed', provider: 'Fabrikam', change: 'saved' },
  { event: 'broker-stopped' },
];
const minute = (n: number): string => new Date(Date.UTC(2026, 2, 1, 12, n)).toISOString();

async function someAudit(): Promise<string> {
  const folder = await newFolder();
  let n = 0;
  const audit = await openAudit({
    folder,
    now: () => new Date(minute(n)),
    actor: () => ({ kind: 'latchkey' }),
  });
  for (const event of happened) {
    await audit.append(event);
    n += 1;
  }
  await audit.close();
  return folder;
}

/** Lines as the audit writes them, in files of so many. */
async function largeAudit(files: number, each: number): Promise<string> {
  const folder = await newFolder();
  let end = genesis;
  for (let file = 1; file <= files; file += 1) {
    const lines: Buffer[] = [];
    for (let n = 0; n < each; n += 1) {
      const encoded = encodeRecord(
        numbered(end.seq + 1),
        end,
        new Date(Date.UTC(2026, 0, 1) + end.seq * 1000),
      );
      lines.push(encoded.line);
      end = encoded.end;
    }
    await writeFile(join(folder, `audit-${`${file}`.padStart(6, '0')}.jsonl`), Buffer.concat(lines));
  }
  return folder;
}

async function allPages(folder: string, filter: AuditFilter & { limit: number }): Promise<AuditEntry[][]> {
  const pages: AuditEntry[][] = [];
  let before: string | undefined;
  do {
    const page = await auditEntries(folder, { ...filter, before });
    pages.push(page.entries);
    before = page.before;
  } while (before !== undefined);
  return pages;
}

const seqs = (entries: AuditEntry[]): number[] => entries.map(({ seq }) => seq);

test('lines are the same backwards as forwards, whatever stands in the file', async () => {
  const file = join(await newFolder(), 'lines');
  const long = fc.integer({ min: 0, max: 700 }).map((n) => 'x'.repeat(n * 1000));
  const piece = fc.oneof(fc.string({ maxLength: 20 }), fc.constant('\n'), fc.constant('\n\n'), long);
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      await writeFile(file, pieces.join(''));
      const forwards: [number, string][] = [];
      for await (const { bytes, start, ended } of readLines(file))
        if (ended) forwards.push([start, bytes.toString()]);
      const backwards: [number, string][] = [];
      for await (const lines of readLinesBack(file))
        for (const { bytes, start } of lines) backwards.push([start, bytes.toString()]);
      expect(backwards.toReversed()).toEqual(forwards);
      const [middle] = forwards[Math.floor(forwards.length / 2)] ?? [0];
      const older: number[] = [];
      for await (const lines of readLinesBack(file, middle)) older.push(...lines.map(({ start }) => start));
      expect(older.toReversed()).toEqual(forwards.map(([start]) => start).filter((start) => start < middle));
    }),
    { numRuns: 60 },
  );
});

describe('100,000 records', () => {
  test('are turned over page by page, the newest first, and only what is shown is read', async () => {
    const folder = await largeAudit(4, 25_000);
    const first = await auditEntries(folder, { limit: 50 });
    expect(seqs(first.entries)).toEqual(Array.from({ length: 50 }, (_, n) => 100_000 - n));
    // What happens meanwhile does not move what is older.
    const oldest = join(folder, 'audit-000001.jsonl');
    const text = await readFile(oldest);
    await rm(oldest);
    await mkdir(oldest);
    const second = await auditEntries(folder, { limit: 50, before: first.before });
    expect(seqs(second.entries)).toEqual(Array.from({ length: 50 }, (_, n) => 99_950 - n));
    await rm(oldest, { recursive: true });
    await writeFile(oldest, text);

    const found = await allPages(folder, { limit: 200, text: 'number 42' });
    // A search answers now and then, with nothing as well: 42, 420–429, 4200–4299, 42000–42999.
    expect(found.length).toBeGreaterThan(3);
    expect(found.flat()).toHaveLength(1 + 10 + 100 + 1000);
    expect(found.flat().at(-1)).toMatchObject({ seq: 42, details: [{ name: 'reason', value: 'number 42' }] });
    const some = await auditEntries(folder, { limit: 50, text: 'no such words' });
    expect(some).toMatchObject({ entries: [], before: expect.any(String), backTo: expect.any(String) });
    // Files that are older than what is asked for are not looked into.
    const late = await allPages(folder, {
      limit: 200,
      since: new Date(Date.UTC(2026, 0, 1) + 99_990_000).toISOString(),
    });
    expect(seqs(late.flat())).toEqual([
      100_000, 99_999, 99_998, 99_997, 99_996, 99_995, 99_994, 99_993, 99_992, 99_991,
    ]);
  });

  test('what is written between two pages is in neither, and what is taken away ends them', async () => {
    const folder = await newFolder();
    await writeRecords({ folder, maxFileBytes: 1000 }, 12);
    const first = await auditEntries(folder, { limit: 5 });
    await writeRecords({ folder, maxFileBytes: 1000 }, 3, 13);
    const second = await auditEntries(folder, { limit: 4, before: first.before });
    expect([seqs(first.entries), seqs(second.entries)]).toEqual([
      [12, 11, 10, 9, 8],
      [7, 6, 5, 4],
    ]);
    await rm(join(folder, 'audit-000001.jsonl'));
    await rm(join(folder, 'audit-000002.jsonl'), { force: true });
    const left = await allPages(folder, { limit: 2 });
    expect(seqs(left.flat()).at(-1)).toBeGreaterThan(1);
    expect(await auditEntries(folder, { limit: 5, before: '1:99' })).toEqual({ entries: [] });
  });
});

test.each<[string, AuditFilter, number[]]>([
  ['nothing', {}, [8, 7, 6, 5, 4, 3, 2, 1]],
  ['a connection, also among others', { connection: 'orders' }, [6, 5, 1]],
  ['a person', { person: 'ADA@' }, [6, 3, 2]],
  ['a kind', { kind: 'logins' }, [5, 4]],
  ['an event', { event: 'handle-made' }, [6]],
  ['what was refused', { refused: true }, [5, 4]],
  ['words in any case, with quotes and letters from elsewhere', { text: 'ünicode "TOOL"' }, [5]],
  ['a time', { since: minute(2), until: minute(5) }, [5, 4, 3]],
  ['several at once', { connection: 'sales', kind: 'logins', person: 'ada' }, []],
  ['not its hashes', { text: 'prev' }, []],
])('records are narrowed by %s', async (_what, filter, expected) => {
  const folder = await someAudit();
  expect(seqs((await allPages(folder, { ...filter, limit: 2 })).flat())).toEqual(expected);
});

test('a record is told with whom it concerns and what it says, without the chain', async () => {
  const { entries } = await auditEntries(await someAudit(), {
    limit: 1,
    event: 'login-refused',
    connection: 'sales',
  });
  expect(entries).toEqual([
    {
      seq: 4,
      time: minute(3),
      event: 'login-refused',
      kind: 'logins',
      refused: true,
      who: 'Latchkey',
      connection: 'sales',
      details: [
        { name: 'clientUser', value: 'ada' },
        { name: 'database', value: 'sales' },
        { name: 'program', value: 'psql' },
        { name: 'address', value: '127.0.0.1:5' },
        { name: 'code', value: 'token-expired' },
      ],
    },
  ]);
});

test('an export has the lines as they stand, and never goes over the audit itself', async () => {
  const folder = await someAudit();
  const lines = await linesOf(folder);
  const file = join(await newFolder(), 'audit.jsonl');
  expect(await exportRecords(folder, {}, file)).toBe(8);
  expect(await readFile(file, 'utf8')).toBe(lines.join(''));
  expect(await exportRecords(folder, picksOf({ kind: 'logins' }), file)).toBe(2);
  expect(await readFile(file, 'utf8')).toBe(lines.slice(3, 5).join(''));
  await expect(exportRecords(folder, {}, join(folder, 'audit-000001.jsonl'))).rejects.toMatchObject({
    code: 'request-invalid',
  });
  expect(await linesOf(folder)).toEqual(lines);
  await expect(exportRecords(folder, {}, join(folder, 'no', 'such', 'folder'))).rejects.toMatchObject({
    code: 'command-failed',
  });
});
