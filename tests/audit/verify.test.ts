import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openAuditKey } from '../../main/audit/audit-key.ts';
import { openAudit } from '../../main/audit/audit.ts';
import { decodeRecord, encodeRecord, genesis, type AuditRecord } from '../../main/audit/record-line.ts';
import { readAudit, verifyAudit } from '../../main/audit/verify.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';
import {
  firstFile,
  keptKey,
  linesOf,
  memoryStore,
  numbered,
  setLines,
  writeRecords,
} from './audit-folder.ts';

const newFolder = useTemporaryFolders();

async function auditOf(count: number, maxFileBytes?: number): Promise<string> {
  const folder = await newFolder();
  await writeRecords({ folder, ...(maxFileBytes === undefined ? {} : { maxFileBytes }) }, count);
  return folder;
}

/** A line for record `seq` that holds in itself: what an attacker who knows the format would write. */
function forged(seq: number, prev: string, reason = 'forged'): string {
  return encodeRecord(
    { event: 'request-refused', reason },
    { seq: seq - 1, hash: prev },
    new Date(0),
  ).line.toString();
}

function recordOf(line = ''): AuditRecord {
  const record = decodeRecord(Buffer.from(line.trimEnd()));
  if (record === undefined) throw new Error(`no record: ${line}`);
  return record;
}

function swap(lines: string[], a: number, b: number): string[] {
  return lines.map((line, n) => (n === a ? lines[b] : n === b ? lines[a] : line) ?? '');
}

test('an untouched audit is whole, over several files, also an empty one', async () => {
  expect(await verifyAudit(await newFolder())).toEqual({ ok: true, records: 0, files: 0, tornBytes: 0 });
  expect(await verifyAudit(await auditOf(20))).toEqual({ ok: true, records: 20, files: 1, tornBytes: 0 });
  expect(await verifyAudit(await auditOf(20, 1000))).toMatchObject({ ok: true, records: 20, files: 5 });
});

describe('each way to tamper is found at its first line', () => {
  const at = (lines: string[], n: number): string => lines[n - 1] ?? '';
  const ways: [string, (lines: string[]) => string[], { line: number; reason: string }][] = [
    [
      'a word changed',
      (lines) => lines.with(4, at(lines, 5).replace('number', 'Number')),
      { line: 5, reason: 'edited' },
    ],
    [
      'a hash changed',
      (lines) => lines.with(4, at(lines, 5).replace(/"hash":"./, '"hash":"x')),
      { line: 5, reason: 'edited' },
    ],
    [
      'a time changed',
      (lines) => lines.with(4, at(lines, 5).replace('"time":"2', '"time":"3')),
      { line: 5, reason: 'edited' },
    ],
    [
      'a line rewritten with its hash',
      (lines) => lines.with(4, forged(5, recordOf(at(lines, 5)).prev)),
      { line: 5, reason: 'edited' },
    ],
    [
      'the first line rewritten with its hash',
      (lines) => lines.with(0, forged(1, genesis.hash)),
      { line: 1, reason: 'edited' },
    ],
    ['a line replaced by rubbish', (lines) => lines.with(4, 'rubbish\n'), { line: 5, reason: 'edited' }],
    ['the first line removed', (lines) => lines.slice(1), { line: 1, reason: 'missing' }],
    ['a line removed', (lines) => lines.toSpliced(4, 1), { line: 5, reason: 'missing' }],
    ['several lines removed', (lines) => lines.toSpliced(4, 3), { line: 5, reason: 'missing' }],
    [
      'a line edited and the next removed',
      (lines) => lines.toSpliced(4, 2, 'rubbish\n'),
      { line: 5, reason: 'edited' },
    ],
    ['two lines swapped', (lines) => swap(lines, 4, 5), { line: 5, reason: 'misplaced' }],
    ['two distant lines swapped', (lines) => swap(lines, 2, 7), { line: 3, reason: 'misplaced' }],
    [
      'a line moved to the end',
      (lines) => [...lines.toSpliced(4, 1), at(lines, 5)],
      { line: 5, reason: 'misplaced' },
    ],
    [
      'a line moved forward',
      (lines) => lines.toSpliced(7, 1).toSpliced(2, 0, at(lines, 8)),
      { line: 3, reason: 'misplaced' },
    ],
    [
      'a line repeated at once',
      (lines) => lines.toSpliced(5, 0, at(lines, 5)),
      { line: 6, reason: 'misplaced' },
    ],
    [
      'a line repeated later',
      (lines) => lines.toSpliced(8, 0, at(lines, 3)),
      { line: 9, reason: 'misplaced' },
    ],
    ['rubbish inserted', (lines) => lines.toSpliced(4, 0, 'rubbish\n'), { line: 5, reason: 'misplaced' }],
    ['an empty line inserted', (lines) => lines.toSpliced(4, 0, '\n'), { line: 5, reason: 'misplaced' }],
    [
      'a forged record inserted before',
      (lines) => lines.toSpliced(4, 0, forged(5, recordOf(at(lines, 5)).prev)),
      { line: 5, reason: 'misplaced' },
    ],
    [
      'a forged record inserted after',
      (lines) => lines.toSpliced(5, 0, forged(5, recordOf(at(lines, 5)).prev)),
      { line: 6, reason: 'misplaced' },
    ],
    [
      'a forged record with a number of its own',
      (lines) => lines.toSpliced(4, 0, forged(999, 'a'.repeat(64))),
      { line: 5, reason: 'misplaced' },
    ],
    ['the last lines removed', (lines) => lines.slice(0, 7), { line: 8, reason: 'cut-off' }],
    [
      'the last line rewritten with its hash',
      (lines) => lines.with(9, forged(10, recordOf(at(lines, 10)).prev)),
      { line: 10, reason: 'edited' },
    ],
    [
      'the last newline removed',
      (lines) => lines.with(9, at(lines, 10).trimEnd()),
      { line: 10, reason: 'cut-off' },
    ],
    ['everything removed', () => [], { line: 1, reason: 'cut-off' }],
  ];
  test.each(ways)('%s', async (_, tamper, expected) => {
    const folder = await auditOf(10);
    await setLines(folder, tamper(await linesOf(folder)));
    expect(await verifyAudit(folder)).toMatchObject({ ok: false, file: firstFile, ...expected });
  });

  test('the whole chain written anew', async () => {
    const folder = await auditOf(10);
    let end = genesis;
    const lines = [];
    for (let n = 1; n <= 10; n += 1) {
      const encoded = encodeRecord(numbered(n + 100), end, new Date(0));
      lines.push(encoded.line.toString());
      end = encoded.end;
    }
    await setLines(folder, lines);
    expect(await verifyAudit(folder)).toMatchObject({ ok: false, line: 10, reason: 'edited' });
  });

  test('a file removed, renamed or swapped with another', async () => {
    const folder = await auditOf(20, 1000);
    const file = (n: number): string => join(folder, `audit-00000${n}.jsonl`);
    await rename(file(3), join(folder, 'aside'));
    expect(await verifyAudit(folder)).toMatchObject({
      ok: false,
      file: 'audit-000004.jsonl',
      line: 1,
      reason: 'missing',
    });
    await rename(file(4), file(3));
    await rename(join(folder, 'aside'), file(4));
    expect(await verifyAudit(folder)).toMatchObject({
      ok: false,
      file: 'audit-000003.jsonl',
      line: 1,
      reason: 'misplaced',
    });
    await rm(file(1));
    expect(await verifyAudit(folder)).toMatchObject({
      ok: false,
      file: 'audit-000002.jsonl',
      line: 1,
      reason: 'missing',
    });
    for (let n = 2; n <= 5; n += 1) await rm(file(n));
    expect(await verifyAudit(folder)).toMatchObject({
      ok: false,
      file: firstFile,
      line: 1,
      reason: 'cut-off',
    });
  });

  test('the anchor taken away or replaced', async () => {
    const folder = await auditOf(10);
    const anchor = join(folder, 'anchor.json');
    const good = await readFile(anchor);
    await rm(anchor);
    expect(await verifyAudit(folder)).toMatchObject({ ok: false, line: 11, reason: 'anchor-missing' });
    await writeFile(anchor, 'nonsense');
    expect(await verifyAudit(folder)).toMatchObject({ ok: false, line: 11, reason: 'anchor-forged' });
    await writeFile(anchor, good);
    expect(await verifyAudit(folder)).toMatchObject({ ok: true });
  });
});

test('two places of damage are two breaks, and what lies between is still checked', async () => {
  const folder = await auditOf(30);
  const lines = await linesOf(folder);
  await setLines(folder, lines.with(4, 'rubbish\n').toSpliced(20, 2));
  const verdict = await verifyAudit(folder);
  expect(verdict).toMatchObject({ ok: false, records: 27, line: 5 });
  expect(verdict.ok || verdict.breaks.map(({ line, reason }) => [line, reason])).toEqual([
    [5, 'edited'],
    [21, 'missing'],
  ]);
});

test('a file full of rubbish is read through in seconds, and its first line named', async () => {
  const folder = await auditOf(10);
  const lines = await linesOf(folder);
  await setLines(folder, lines.toSpliced(5, 0, 'x\n'.repeat(300_000), `${'y'.repeat(20_000_000)}\n`));
  const start = performance.now();
  const verdict = await verifyAudit(folder);
  expect(performance.now() - start).toBeLessThan(20_000);
  expect(verdict).toMatchObject({ ok: false, records: 10, line: 6, reason: 'misplaced' });
  expect(verdict.ok || verdict.breaks.length).toBe(1000);
});

test('any change to any line is found, and never after the line that was changed', async () => {
  const folder = await auditOf(12);
  const lines = await linesOf(folder);
  const position = fc.nat({ max: lines.length - 1 });
  const change = fc.oneof(
    fc.tuple(position, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([n, where, mask]) => {
      const bytes = Buffer.from(lines[n] ?? '');
      bytes[where % bytes.length] = (bytes[where % bytes.length] ?? 0) ^ mask;
      return { latest: n + 1, changed: lines.with(n, bytes.toString('latin1')) };
    }),
    fc.tuple(position, fc.integer({ min: 1, max: 4 })).map(([n, count]) => ({
      latest: n + 1,
      changed: lines.toSpliced(n, count),
    })),
    fc
      .tuple(position, position)
      .filter(([a, b]) => a !== b)
      .map(([from, to]) => ({
        latest: Math.max(from, to) + 1,
        changed: lines.toSpliced(from, 1).toSpliced(to, 0, lines[from] ?? ''),
      })),
    fc.tuple(position, position).map(([from, to]) => ({
      latest: Math.max(from, to) + 2,
      changed: lines.toSpliced(to, 0, lines[from] ?? ''),
    })),
  );
  await fc.assert(
    fc.asyncProperty(change, async ({ latest, changed }) => {
      await writeFile(join(folder, firstFile), changed.join(''), 'latin1');
      const verdict = await verifyAudit(folder);
      expect(verdict.ok).toBe(false);
      expect(verdict.ok || verdict.line).toBeLessThanOrEqual(latest);
    }),
    { numRuns: 400 },
  );
});

describe('a signed anchor', () => {
  test('holds with its key; a cut with a new note, and another key, are found', async () => {
    const folder = await newFolder();
    const key = await keptKey();
    const { publicKey } = key;
    await writeRecords({ folder, key }, 10);
    expect(await verifyAudit(folder, { publicKey })).toMatchObject({ ok: true, signedBy: [publicKey] });
    const stranger = await keptKey();
    expect(await verifyAudit(folder, { publicKey: stranger.publicKey })).toMatchObject({
      reason: 'anchor-forged',
    });

    // As today's audits are: whoever can write in the folder can write this note.
    const lines = await linesOf(folder);
    await setLines(folder, lines.slice(0, 5));
    const { seq, hash } = recordOf(lines[4]);
    await writeFile(join(folder, 'anchor.json'), JSON.stringify({ seq, hash }));
    expect(await verifyAudit(folder)).toMatchObject({ ok: false, line: 6, reason: 'cut-off' });
    await rm(join(folder, 'anchor-key-file.json'));
    expect(await verifyAudit(folder)).toMatchObject({ ok: true });
    expect(await verifyAudit(folder, { publicKey })).toMatchObject({ line: 6, reason: 'anchor-missing' });
  });

  test('a whole new history is seen by the broker at its start, and by whoever has the public key', async () => {
    const folder = await newFolder();
    const key = await keptKey();
    await writeRecords({ folder, key, maxFileBytes: 2000 }, 20);
    const forger = await keptKey();
    for (const forged of [undefined, forger]) {
      const other = await newFolder();
      await writeRecords({ folder: other, key: forged, maxFileBytes: 2000 }, 30, 1000);
      if (forged === undefined)
        await copyFile(join(folder, 'anchor-key-file.json'), join(other, 'anchor-key-file.json'));
      expect(await verifyAudit(other, { publicKey: key.publicKey })).toMatchObject({ ok: false });
      const audit = await openAudit({ folder: other, key: { ...key, isNew: false } });
      expect(audit.damage()).toMatchObject({ code: 'audit-broken' });
      await audit.close();
    }
  });

  test('an audit of the first Latchkey, without signature and versions, verifies and goes on', async () => {
    const folder = await newFolder();
    await mkdir(folder, { recursive: true });
    let prev = '0'.repeat(64);
    const lines: string[] = [];
    for (let seq = 1; seq <= 5; seq += 1) {
      const body = JSON.stringify({
        seq,
        time: `2026-01-01T00:00:0${seq}.000Z`,
        event: 'request-refused',
        reason: `number ${seq}`,
        prev,
      });
      prev = createHash('sha256').update(body).digest('hex');
      lines.push(`${body.slice(0, -1)},"hash":"${prev}"}\n`);
    }
    await setLines(folder, lines);
    await writeFile(join(folder, 'anchor.json'), JSON.stringify({ seq: 5, hash: prev }));
    expect(await verifyAudit(folder)).toEqual({ ok: true, records: 5, files: 1, tornBytes: 0 });
    const key = await keptKey();
    const audit = await openAudit({ folder, key });
    expect(audit.damage()).toBeUndefined();
    await audit.append(numbered(6));
    await audit.close();
    expect((await readAudit(folder, { limit: 2 })).map(({ event }) => event)).toEqual([
      'audit-key-made',
      'request-refused',
    ]);
    expect(await verifyAudit(folder, { publicKey: key.publicKey })).toMatchObject({ ok: true, records: 7 });
  });

  test('the key is kept once its first note is written, and is the same after a restart', async () => {
    const secrets = memoryStore();
    const first = await openAuditKey(secrets, { kind: 'key-file' });
    const folder = await newFolder();
    await writeRecords({ folder, key: first.key }, 1);
    const again = await openAuditKey(secrets, { kind: 'key-file' });
    expect(again.key).toMatchObject({ isNew: false, publicKey: first.key?.publicKey });
    await writeRecords({ folder, key: again.key }, 1);
    const records = await readAudit(folder, { limit: 10 });
    expect(records.filter(({ event }) => event === 'audit-key-made')).toHaveLength(1);
    // Without a seal that lasts there is none: notes are written, and nobody has signed them.
    expect(await openAuditKey(secrets, { kind: 'memory' })).toEqual({});
    await writeRecords({ folder }, 1);
    const verdict = await verifyAudit(folder, { publicKey: first.key?.publicKey });
    expect(verdict).toMatchObject({ ok: true });
    const audit = await openAudit({ folder, key: again.key });
    expect(audit.damage()).toBeUndefined();
    await audit.close();
  });

  test('from before, put back with the records of its time, shows nothing: the documented limit', async () => {
    const folder = await newFolder();
    const key = await keptKey();
    const { publicKey } = key;
    await writeRecords({ folder, key }, 5);
    const notes = ['anchor.json', 'anchor-key-file.json'];
    for (const name of notes) await copyFile(join(folder, name), join(folder, `old-${name}`));
    const old = await linesOf(folder);
    await writeRecords({ folder, key: { ...key, isNew: false } }, 5);
    await setLines(folder, old);
    expect(await verifyAudit(folder, { publicKey })).toMatchObject({ reason: 'cut-off' });
    for (const name of notes) await copyFile(join(folder, `old-${name}`), join(folder, name));
    expect(await verifyAudit(folder, { publicKey })).toMatchObject({ ok: true });
  });
});

/** The line with the hash of its body as it is now (main/audit/format.md). */
function rehashed(line: string): string {
  const body = line.slice(0, line.lastIndexOf(',"hash"'));
  return `${body},"hash":"${createHash('sha256').update(`${body}}`).digest('hex')}"}\n`;
}

describe('records of a newer Latchkey', () => {
  test('are left alone with a sentence, and nobody is let in meanwhile', async () => {
    const folder = await newFolder();
    await writeRecords({ folder }, 3);
    const lines = await linesOf(folder);
    const newer = rehashed((lines[2] ?? '').replace('{"v":1,', '{"v":2,'));
    await setLines(folder, [...lines.slice(0, 2), newer]);
    const sentence = expect.stringContaining('was written by a newer Latchkey and is left as it is');
    await expect(verifyAudit(folder)).rejects.toMatchObject({ code: 'stored-newer', message: sentence });
    const before = await readdir(folder);
    const audit = await openAudit({ folder });
    await expect(audit.append(numbered(1))).rejects.toMatchObject({
      code: 'audit-unwritable',
      message: sentence,
    });
    expect(audit.damage()).toBeUndefined();
    await audit.close();
    expect(await linesOf(folder)).toEqual([...lines.slice(0, 2), newer]);
    expect(await readdir(folder)).toEqual(before);
  });

  test('a version that somebody has changed is an edited line', async () => {
    const folder = await newFolder();
    await writeRecords({ folder }, 3);
    const lines = await linesOf(folder);
    await setLines(folder, lines.with(1, (lines[1] ?? '').replace('{"v":1,', '{"v":2,')));
    expect(await verifyAudit(folder)).toMatchObject({ ok: false, line: 2 });
  });

  test('so is an anchor', async () => {
    const folder = await newFolder();
    await writeRecords({ folder }, 3);
    await writeFile(join(folder, 'anchor.json'), '{"version":2}');
    await expect(verifyAudit(folder)).rejects.toMatchObject({ code: 'stored-newer' });
    const audit = await openAudit({ folder });
    expect(audit.state()).toMatchObject({ kind: 'failed' });
    await audit.close();
    expect(await readFile(join(folder, 'anchor.json'), 'utf8')).toBe('{"version":2}');
  });
});

describe('readAudit', () => {
  test('gives the last records, oldest first, over several files, and passes damage over', async () => {
    const folder = await auditOf(20, 1000);
    const seqs = async (options: { limit: number; since?: Date }) =>
      (await readAudit(folder, options)).map(({ seq }) => seq);
    expect(await seqs({ limit: 5 })).toEqual([16, 17, 18, 19, 20]);
    expect(await seqs({ limit: 100 })).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    const name = 'audit-000004.jsonl';
    await setLines(folder, ['rubbish\n', ...(await linesOf(folder, name)).slice(1)], name);
    expect(await seqs({ limit: 8 })).toEqual([12, 14, 15, 16, 17, 18, 19, 20]);
    expect(await readAudit(await newFolder(), { limit: 5 })).toEqual([]);
  });

  test('leaves out what is older', async () => {
    const folder = await newFolder();
    let minute = 0;
    const now = (): Date => new Date(Date.UTC(2026, 0, 1, 12, minute++));
    await writeRecords({ folder, now, maxFileBytes: 1000 }, 10);
    const records = await readAudit(folder, { limit: 100, since: new Date(Date.UTC(2026, 0, 1, 12, 7)) });
    expect(records.map(({ time }) => time.slice(14, 16))).toEqual(['07', '08', '09']);
  });
});
