import { mkdtempSync, rmSync } from 'node:fs';
import { appendFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openAudit, type Audit } from '../../main/audit/audit.ts';
import { listAuditFiles } from '../../main/audit/audit-files.ts';
import { createFollower } from '../../main/audit/follow.ts';
import { pruneAudit } from '../../main/audit/prune.ts';
import { genesis, type ChainEnd } from '../../main/audit/record-line.ts';
import { firstFile, keptKey, linesOf, numbered, setLines, writeRecords } from './audit-folder.ts';

let folder: string;
let audit: Audit;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lk-follow-'));
  audit = await openAudit({ folder, maxFileBytes: 1200 });
});
afterEach(async () => {
  await audit.close();
  rmSync(folder, { recursive: true });
});

const append = async (from: number, count: number): Promise<void> => {
  for (let n = from; n < from + count; n += 1) await audit.append(numbered(n));
};

const seqs = async (
  follower: ReturnType<typeof createFollower>,
  after: ChainEnd,
): Promise<{ seqs: number[]; end: ChainEnd; lost: unknown }> => {
  const { records, end, lost } = await follower.next(after, audit.end());
  return { seqs: records.map(({ record }) => record.seq), end, lost };
};

it('goes on from any record over the borders of files, also as one that was just started', async () => {
  await append(1, 12);
  expect((await listAuditFiles(folder)).length).toBeGreaterThan(2);
  const follower = createFollower(folder);
  const first = await seqs(follower, genesis);
  expect(first).toMatchObject({ seqs: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], lost: undefined });
  await append(13, 7);
  const second = await seqs(follower, first.end);
  expect(second.seqs).toEqual([13, 14, 15, 16, 17, 18, 19]);
  expect(second.end).toEqual(audit.end());
  expect(await seqs(createFollower(folder), first.end)).toEqual(second);
  expect(await seqs(follower, second.end)).toMatchObject({ seqs: [], end: second.end, lost: undefined });
});

it('a line is what stands in the file, and what is not surely written is not read', async () => {
  await append(1, 2);
  const until = audit.end();
  await append(3, 1);
  const follower = createFollower(folder);
  const { records } = await follower.next(genesis, until);
  expect(records.map(({ line }) => `${line}\n`)).toEqual((await linesOf(folder)).slice(0, 2));
  await appendFile(join(folder, firstFile), '{"v":1,"seq":4,"time":"20');
  expect((await seqs(follower, until)).seqs).toEqual([3]);
});

it('some hundred at a time', async () => {
  await Promise.all(Array.from({ length: 1100 }, (_, n) => audit.append(numbered(n))));
  const follower = createFollower(folder);
  let end: ChainEnd = genesis;
  const got: number[] = [];
  while (end.seq < audit.end().seq) {
    const next = await seqs(follower, end);
    expect(next.seqs.length).toBeLessThanOrEqual(500);
    got.push(...next.seqs);
    end = next.end;
  }
  expect(got).toEqual(Array.from({ length: 1100 }, (_, n) => n + 1));
});

it('says which records were taken away before it came to them', async () => {
  const key = await keptKey();
  audit.takeKey(key);
  await append(1, 12);
  const follower = createFollower(folder);
  const sent = (await seqs(follower, genesis)).end;
  await append(13, 20);
  const { records } = await pruneAudit({ folder, key, audit }, { before: new Date(Date.now() + 1000) });
  const next = await seqs(follower, sent);
  expect(records).toBeGreaterThan(sent.seq);
  expect(next.lost).toEqual({ records: records - sent.seq, firstSeq: sent.seq + 1, lastSeq: records });
  expect(next.seqs[0]).toBe(records + 1);
  expect(next.end).toEqual(audit.end());
});

it('and which were damaged, in the middle or at the end', async () => {
  await audit.close();
  rmSync(folder, { recursive: true });
  await writeRecords({ folder }, 6);
  const lines = await linesOf(folder);
  audit = await openAudit({ folder });
  const edit = (line: string) => line.replace('number', 'figure');
  await setLines(folder, [
    ...lines.slice(0, 2),
    edit(lines[2] ?? ''),
    ...lines.slice(3, 5),
    edit(lines[5] ?? ''),
  ]);
  expect(await seqs(createFollower(folder), genesis)).toEqual({
    seqs: [1, 2, 4, 5],
    end: audit.end(),
    lost: { records: 2, firstSeq: 3, lastSeq: 6 },
  });
});

it('begins anew where the folder has another audit than the one that was read', async () => {
  await append(1, 4);
  const follower = createFollower(folder);
  const old = (await seqs(follower, genesis)).end;
  await audit.close();
  await rm(folder, { recursive: true });
  audit = await openAudit({ folder });
  await append(101, 2);
  expect((await seqs(follower, old)).seqs).toEqual([1, 2]);
  await append(103, 4);
  expect((await seqs(createFollower(folder), old)).seqs).toEqual([1, 2, 3, 4, 5, 6]);
});
