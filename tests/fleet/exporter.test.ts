import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openAudit, type Audit } from '../../main/audit/audit.ts';
import { listAuditFiles } from '../../main/audit/audit-files.ts';
import type { FollowedRecord } from '../../main/audit/follow.ts';
import { readAudit } from '../../main/audit/verify.ts';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { openExporter, type Exporter, type Transport } from '../../main/fleet/exporter.ts';
import { numbered } from '../audit/audit-folder.ts';

/** A server in this process, which can be away, and can take records without saying so. */
function server() {
  const got: FollowedRecord[] = [];
  const as = { mood: 'there' as 'there' | 'away' | 'forgetful' | 'picky' | 'silent' };
  const transport: Transport = {
    async deliver(records, signal) {
      if (as.mood === 'silent') await new Promise((_, reject) => signal.addEventListener('abort', reject));
      if (as.mood !== 'away') got.push(...records);
      if (as.mood === 'away' || as.mood === 'forgetful')
        throw new LatchkeyError('export-failed', 'The log server is away.');
      return { rejected: as.mood === 'picky' ? 1 : 0 };
    },
  };
  return { as, transport, seqs: () => got.map(({ record }) => record.seq), got };
}

let home: string;
let audit: Audit;
let exporter: Exporter | undefined;
let clock: number;

const folder = () => join(home, 'audit');
const cursorFile = () => join(home, 'export', 'siem.json');
const events = async (event: string) =>
  (await readAudit(folder(), { limit: 1000 })).filter((record) => record.event === event);

async function open(to: ReturnType<typeof server>): Promise<Exporter> {
  exporter = await openExporter({
    sink: 'siem',
    transport: to.transport,
    folder: folder(),
    cursorFile: cursorFile(),
    audit,
    changed: () => undefined,
    log: () => undefined,
    now: () => clock,
    times: { collectMs: 1, firstRetryMs: 1, longestRetryMs: 1, farewellMs: 50 },
  });
  return exporter;
}

const append = async (from: number, count: number): Promise<void> => {
  for (let n = from; n < from + count; n += 1) await audit.append(numbered(n));
};

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'lk-export-'));
  audit = await openAudit({ folder: folder(), maxFileBytes: 1200 });
  clock = Date.now();
});
afterEach(async () => {
  await exporter?.close();
  exporter = undefined;
  await audit.close();
  rmSync(home, { recursive: true });
});

it('a new sink begins with what comes from then on, which is on record', async () => {
  await append(1, 3);
  const siem = server();
  await open(siem);
  await append(4, 2);
  await expect.poll(siem.seqs).toEqual([4, 5, 6]);
  expect(await events('export-started')).toMatchObject([{ seq: 4, sink: 'siem', after: 3 }]);
  await expect.poll(() => exporter?.state()).toEqual({ behind: 0, failing: undefined });
});

it('nobody who writes waits for it, and nothing is lost while it is away or the process was', async () => {
  const siem = server();
  siem.as.mood = 'away';
  await open(siem);
  await append(1, 30);
  await expect.poll(() => exporter?.state().failing?.problem.message).toBe('The log server is away.');
  await exporter?.close();
  await append(31, 5);
  await open(siem);
  expect(exporter?.failingSince()).toBe(clock);
  siem.as.mood = 'there';
  await expect.poll(() => siem.seqs().length).toBe(36);
  expect(siem.seqs()).toEqual(Array.from({ length: 36 }, (_, n) => n + 1));
  await expect.poll(() => exporter?.failingSince()).toBeUndefined();
});

it('what it may have got comes once more', async () => {
  const siem = server();
  siem.as.mood = 'forgetful';
  await open(siem);
  await expect.poll(() => siem.seqs().length).toBeGreaterThan(2);
  siem.as.mood = 'there';
  await append(1, 1);
  await expect.poll(() => siem.seqs().at(-1)).toBe(2);
  expect(new Set(siem.seqs())).toEqual(new Set([1, 2]));
});

it('an outage of a minute is on record, with its end; a shorter one is not', async () => {
  const siem = server();
  await open(siem);
  siem.as.mood = 'away';
  await append(1, 1);
  await expect.poll(() => exporter?.state().failing).toBeDefined();
  const since = new Date(clock).toISOString();
  expect(await events('export-failed')).toEqual([]);
  clock += 61_000;
  await expect
    .poll(() => events('export-failed'))
    .toMatchObject([{ sink: 'siem', since, code: 'export-failed' }]);
  siem.as.mood = 'there';
  await expect.poll(() => events('export-resumed')).toMatchObject([{ sink: 'siem', since }]);
  siem.as.mood = 'away';
  await append(2, 1);
  await expect.poll(() => exporter?.state().failing).toBeDefined();
  siem.as.mood = 'there';
  await expect.poll(() => exporter?.state()).toEqual({ behind: 0, failing: undefined });
  expect(await events('export-failed')).toHaveLength(1);
});

it('what was taken away before it had left is on record as lost', async () => {
  const siem = server();
  siem.as.mood = 'away';
  await open(siem);
  await append(1, 20);
  await exporter?.close();
  const [oldest, next] = await listAuditFiles(folder());
  await rm(oldest?.path ?? '');
  siem.as.mood = 'there';
  await open(siem);
  await expect.poll(() => events('export-lost')).toHaveLength(1);
  const [lost] = await events('export-lost');
  const [first] = await readAudit(folder(), { limit: 1000 });
  expect(lost).toMatchObject({ firstSeq: 1, lastSeq: (first?.seq ?? 0) - 1 });
  expect(next?.number).toBe(2);
  await expect.poll(siem.seqs).toContain(lost?.seq);
});

it('what it refuses for good is on record, and the rest goes on', async () => {
  const siem = server();
  await open(siem);
  await expect.poll(() => exporter?.state().behind).toBe(0);
  siem.as.mood = 'picky';
  await append(1, 1);
  await expect.poll(siem.seqs).toEqual([1, 2, 3]);
  // A server that refuses everything is not told of that without end.
  await expect.poll(() => exporter?.state()).toEqual({ behind: 0, failing: undefined });
  expect(await events('export-rejected')).toMatchObject([{ sink: 'siem', records: 1, lastSeq: 2 }]);
});

it('the last record leaves before the end, unless the server keeps it waiting', async () => {
  const siem = server();
  await open(siem);
  await append(1, 1);
  await exporter?.close();
  expect(siem.seqs()).toEqual([1, 2]);
  siem.as.mood = 'silent';
  await open(siem);
  await append(2, 1);
  await exporter?.close();
  expect(siem.seqs()).toEqual([1, 2]);
  siem.as.mood = 'there';
  await open(siem);
  await expect.poll(siem.seqs).toEqual([1, 2, 3]);
});

it('a damaged note of how far it came costs a repetition, never a record', async () => {
  const siem = server();
  await open(siem);
  await append(1, 2);
  await exporter?.close();
  writeFileSync(cursorFile(), 'rubbish');
  await open(siem);
  await expect.poll(siem.seqs).toEqual([1, 2, 3, 1, 2, 3]);
});
