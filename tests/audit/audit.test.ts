import {
  appendFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openAudit, type Audit } from '../../main/audit/audit.ts';
import { readAudit, verifyAudit } from '../../main/audit/verify.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';
import { firstFile, linesOf, numbered, setLines, writeRecords } from './audit-folder.ts';
import { faultyDisk, systemError, type Operation } from './faulty-disk.ts';

const newFolder = useTemporaryFolders();

async function reasons(folder: string): Promise<unknown[]> {
  return (await readAudit(folder, { limit: 10_000 })).map((record) => record['reason'] ?? record['cause']);
}

describe('append', () => {
  test('resolves after the record is synced, and many at once share a sync', async () => {
    const folder = await newFolder();
    const operations: string[] = [];
    const openFile = faultyDisk(async (operation) => {
      if (operation === 'datasync') await sleep(20);
      operations.push(operation);
    });
    const audit = await openAudit({ folder, openFile });
    operations.length = 0;
    const size = async (): Promise<number> => (await stat(join(folder, firstFile))).size;

    const first = audit.append(numbered(1)).then(() => operations.push('told'));
    expect(await size()).toBe(0);
    await first;
    expect(operations).toEqual(['write', 'stat', 'datasync', 'told']);
    operations.length = 0;
    await Promise.all(Array.from({ length: 300 }, (_, n) => audit.append(numbered(n + 2))));
    expect(operations.filter((operation) => operation === 'datasync').length).toBeLessThanOrEqual(2);
    expect(await reasons(folder)).toEqual(Array.from({ length: 301 }, (_, n) => `number ${n + 1}`));
    await audit.close();
    expect(await verifyAudit(folder)).toMatchObject({ ok: true, records: 301 });
  });

  test('what nobody waits for shares the sync of the next record, in the order of the calls', async () => {
    const folder = await newFolder();
    const operations: Operation[] = [];
    const openFile = faultyDisk((operation) => void operations.push(operation));
    const audit = await openAudit({ folder, openFile });
    operations.length = 0;
    const before = audit.append(numbered(1), 'soon');
    const after = audit.append(numbered(2));
    await Promise.all([before, after]);
    expect(operations).toEqual(['write', 'stat', 'datasync']);
    expect(await reasons(folder)).toEqual(['number 1', 'number 2']);
    await audit.close();
  });

  test('what nobody waits for goes to the disk by itself, and before the end', async () => {
    const folder = await newFolder();
    const audit = await openAudit({ folder });
    await audit.append(numbered(1), 'soon');
    expect(await reasons(folder)).toEqual(['number 1']);
    const last = audit.append(numbered(2), 'soon');
    await audit.close();
    await last;
    expect(await verifyAudit(folder)).toMatchObject({ ok: true, records: 2 });
  });

  test('goes on with the chain after a restart, file after file, readable by the owner only', async () => {
    const folder = await newFolder();
    for (let n = 1; n <= 30; n += 3) await writeRecords({ folder, maxFileBytes: 1500 }, 3, n);
    expect(await verifyAudit(folder)).toMatchObject({ ok: true, records: 30, files: 5 });
    for (const name of await readdir(folder)) {
      const { mode, size } = await stat(join(folder, name));
      expect(mode & 0o777).toBe(0o600);
      expect(size).toBeLessThanOrEqual(1500);
    }
  });

  test('is refused after close; close keeps what was appended before', async () => {
    const folder = await newFolder();
    const audit = await openAudit({ folder });
    const last = audit.append(numbered(1));
    await Promise.all([audit.close(), audit.close()]);
    await last;
    await expect(audit.append(numbered(2))).rejects.toMatchObject({ code: 'audit-unwritable' });
    expect(await verifyAudit(folder)).toMatchObject({ ok: true, records: 1 });
  });

  test('is refused rather than queued without end where the disk hangs', async () => {
    const folder = await newFolder();
    const hang = Promise.withResolvers<void>();
    const audit = await openAudit({
      folder,
      openFile: faultyDisk((operation) => (operation === 'datasync' ? hang.promise : undefined)),
    });
    const accepted = Array.from({ length: 10_000 }, (_, n) => audit.append(numbered(n)));
    await expect(audit.append(numbered(0))).rejects.toMatchObject({
      code: 'audit-unwritable',
      message: expect.stringContaining('does not keep up'),
    });
    hang.resolve();
    await Promise.all(accepted);
    await audit.close();
    expect(await verifyAudit(folder)).toMatchObject({ ok: true, records: 10_000 });
  });

  test('renews the anchor while records come and after', { timeout: 15_000 }, async () => {
    const folder = await newFolder();
    const audit = await openAudit({ folder });
    const anchored = async (): Promise<number> =>
      (JSON.parse(await readFile(join(folder, 'anchor.json'), 'utf8')) as { seq: number }).seq;
    expect(await anchored()).toBe(0);
    await audit.append(numbered(1));
    await expect.poll(anchored, { timeout: 5000 }).toBe(1);
    const until = performance.now() + 1500;
    let written = 1;
    while (performance.now() < until) await audit.append(numbered((written += 1)));
    expect(await anchored()).toBeGreaterThan(1);
    await audit.close();
    expect(await anchored()).toBe(written);
  });
});

describe('a write that a crash cut short', () => {
  test.each(['{"seq":11,"time":"20', '\0'.repeat(5000), 'x\ny\n', '\n'])(
    'is taken out, kept beside and noted (%j)',
    async (torn) => {
      const folder = await newFolder();
      await writeRecords({ folder }, 10);
      await appendFile(join(folder, firstFile), torn);
      await writeRecords({ folder }, 1, 11);
      expect((await reasons(folder)).slice(-2)).toEqual(['torn-tail', 'number 11']);
      const [record] = await readAudit(folder, { limit: 2 });
      expect(record).toMatchObject({
        event: 'audit-repaired',
        bytes: torn.length,
        keptIn: expect.any(String),
      });
      expect(await readFile(join(folder, String(record?.['keptIn'])), 'utf8')).toBe(torn);
      expect(await verifyAudit(folder)).toMatchObject({ ok: true, records: 12 });
      const audit = await openAudit({ folder });
      expect(audit.damage()).toBeUndefined();
      await audit.close();
      expect(await verifyAudit(folder)).toMatchObject({ records: 12 });
    },
  );

  test('is shown as under way by verify until then', async () => {
    const folder = await newFolder();
    await writeRecords({ folder }, 10);
    await appendFile(join(folder, firstFile), '{"seq":11');
    expect(await verifyAudit(folder)).toMatchObject({ ok: true, records: 10, tornBytes: 9 });
  });

  test('in the very first file, or in one that was just begun', async () => {
    const folder = await newFolder();
    await writeRecords({ folder }, 0);
    await writeFile(join(folder, firstFile), '{"se');
    await writeRecords({ folder }, 4);
    await writeFile(join(folder, 'audit-000002.jsonl'), '{"se');
    await writeRecords({ folder }, 1, 5);
    expect(await reasons(folder)).toEqual([
      'torn-tail',
      'number 1',
      'number 2',
      'number 3',
      'number 4',
      'torn-tail',
      'number 5',
    ]);
    expect(await verifyAudit(folder)).toMatchObject({ ok: true, records: 7, files: 2 });
  });

  test('is noted even if the repair itself is cut short', async () => {
    const folder = await newFolder();
    await writeRecords({ folder }, 10);
    await appendFile(join(folder, firstFile), 'torn');
    let isFull = true;
    const openFile = faultyDisk((operation) => {
      if (operation === 'write' && isFull) throw systemError('ENOSPC');
    });
    const full = await openAudit({ folder, openFile });
    expect(full.state()).toMatchObject({ kind: 'failed', problem: { code: 'audit-unwritable' } });
    await full.close();
    expect(await linesOf(folder)).toHaveLength(10);
    isFull = false;
    await writeRecords({ folder, openFile }, 1, 11);
    expect((await reasons(folder)).slice(-2)).toEqual(['torn-tail', 'number 11']);
    expect((await readdir(folder)).filter((name) => name.includes('pending'))).toEqual([]);
    expect(await verifyAudit(folder)).toMatchObject({ ok: true, records: 12 });
  });
});

describe('damage to records that had been written', () => {
  const damages: [string, (folder: string) => Promise<void>, { reason: string; line: number }, boolean][] = [
    [
      'an edited line',
      async (folder) => setLines(folder, (await linesOf(folder)).with(4, 'rubbish\n')),
      { reason: 'edited', line: 5 },
      false,
    ],
    [
      'a removed line',
      async (folder) => setLines(folder, (await linesOf(folder)).toSpliced(4, 1)),
      { reason: 'missing', line: 5 },
      false,
    ],
    [
      'the end cut off',
      (folder) => truncate(join(folder, firstFile), 700),
      { reason: 'cut-off', line: 4 },
      false,
    ],
    [
      'the last line edited',
      async (folder) => setLines(folder, (await linesOf(folder)).with(9, 'rubbish\n')),
      { reason: 'cut-off', line: 11 },
      false,
    ],
    [
      'far more than a torn write at the end',
      (folder) => truncate(join(folder, firstFile), 70_000_000),
      { reason: 'edited', line: 11 },
      false,
    ],
    ['the file removed', (folder) => rm(join(folder, firstFile)), { reason: 'cut-off', line: 1 }, false],
    [
      'the anchor removed',
      (folder) => rm(join(folder, 'anchor.json')),
      { reason: 'anchor-missing', line: 11 },
      true,
    ],
    [
      'the anchor damaged',
      (folder) => writeFile(join(folder, 'anchor.json'), '{}'),
      { reason: 'anchor-forged', line: 11 },
      true,
    ],
  ];
  test.each(damages)(
    '%s is noted and left as it is; writing goes on in a new file',
    async (_, damage, expected, healed) => {
      const folder = await newFolder();
      await writeRecords({ folder }, 10);
      await damage(folder);
      const before = await readFile(join(folder, firstFile)).catch(() => undefined);

      const audit = await openAudit({ folder });
      expect(audit.damage()).toMatchObject({ code: 'audit-broken' });
      expect(audit.state()).toEqual({ kind: 'writing', path: join(folder, 'audit-000002.jsonl') });
      await audit.append(numbered(11));
      await audit.close();
      const after = await readFile(join(folder, firstFile)).catch(() => undefined);
      expect(before === undefined ? after === undefined : after?.equals(before)).toBe(true);
      const [note, last] = await readAudit(folder, { limit: 2 });
      expect(note).toMatchObject({
        seq: 11,
        event: 'audit-repaired',
        cause: 'chain-broken',
        file: firstFile,
        ...expected,
      });
      expect(last).toMatchObject({ seq: 12, reason: 'number 11' });
      expect(await verifyAudit(folder)).toMatchObject({ ok: healed });

      await writeRecords({ folder }, 1, 12);
      expect(await readAudit(folder, { limit: 1 })).toMatchObject([{ seq: 13 }]);
      const verdict = await verifyAudit(folder);
      expect(verdict.ok || verdict.breaks).toSatisfy(
        (breaks) => breaks === true || (Array.isArray(breaks) && breaks.length <= 2),
      );
    },
  );

  test('while it runs is noticed before the next record is written', async () => {
    const folder = await newFolder();
    const audit = await openAudit({ folder });
    let told = 0;
    audit.subscribe(() => (told += 1));
    for (let n = 1; n <= 5; n += 1) await audit.append(numbered(n));
    await rm(join(folder, firstFile));
    await audit.append(numbered(6));
    expect(audit.damage()).toMatchObject({ code: 'audit-broken' });
    expect(told).toBe(1);
    expect(await reasons(folder)).toEqual(['cut-off', 'number 6']);

    await appendFile(join(folder, 'audit-000002.jsonl'), 'a line of somebody else\n');
    await audit.append(numbered(7));
    expect(await reasons(folder)).toEqual(['cut-off', 'number 6', 'torn-tail', 'number 7']);

    const lines = await linesOf(folder, 'audit-000002.jsonl');
    await setLines(folder, lines.slice(0, -2), 'audit-000002.jsonl');
    await audit.append(numbered(8));
    expect((await reasons(folder)).slice(-2)).toEqual(['cut-off', 'number 8']);
    await rename(join(folder, 'audit-000003.jsonl'), join(folder, 'aside'));
    await writeFile(join(folder, 'audit-000003.jsonl'), await readFile(join(folder, 'aside')));
    await audit.append(numbered(9));
    expect((await reasons(folder)).slice(-1)).toEqual(['number 9']);
    await audit.close();
    expect(await verifyAudit(folder)).toMatchObject({ ok: false, file: 'audit-000002.jsonl', line: 1 });
  });
});

describe('a disk that fails', () => {
  test('refuses the record, says so, leaves nothing of it, and works again by itself', async () => {
    const folder = await newFolder();
    const fault: { at: Operation | undefined; code: string } = { at: undefined, code: '' };
    const openFile = faultyDisk((operation) => {
      if (operation === fault.at) throw systemError(fault.code);
    });
    const audit = await openAudit({ folder, openFile });
    const told: string[] = [];
    audit.subscribe(() => told.push(audit.state().kind));
    let n = 0;
    for (const [at, code, because] of [
      ['write', 'ENOSPC', 'the disk is full'],
      ['stat', 'EIO', 'the disk reported an error'],
      ['datasync', 'EIO', 'the disk reported an error'],
    ] as const) {
      await audit.append(numbered((n += 1)));
      const { size } = await stat(join(folder, firstFile));
      Object.assign(fault, { at, code });
      const refused = await Promise.allSettled([audit.append(numbered(-1)), audit.append(numbered(-2))]);
      for (const each of refused) {
        expect(each).toMatchObject({
          status: 'rejected',
          reason: {
            code: 'audit-unwritable',
            message: `The audit in ${folder} cannot be written because ${because}.`,
          },
        });
      }
      expect(audit.state()).toMatchObject({ kind: 'failed', problem: { code: 'audit-unwritable' } });
      expect((await stat(join(folder, firstFile))).size).toBe(size);
      fault.at = undefined;
      await audit.append(numbered((n += 1)));
      expect(audit.state()).toMatchObject({ kind: 'writing' });
    }
    expect(told).toEqual(['failed', 'writing', 'failed', 'writing', 'failed', 'writing']);
    await audit.close();
    expect(await reasons(folder)).toEqual([1, 2, 3, 4, 5, 6].map((each) => `number ${each}`));
    expect(await verifyAudit(folder)).toMatchObject({ ok: true, records: 6 });
  });

  test('at start does not hide: the state is failed, and it works once the disk does', async () => {
    const folder = await newFolder();
    let works = false;
    const openFile = faultyDisk((operation) => {
      if (operation === 'open' && !works) throw systemError('EACCES');
    });
    const audit = await openAudit({ folder, openFile });
    expect(audit.state()).toMatchObject({
      kind: 'failed',
      problem: { message: expect.stringContaining('no permission') },
    });
    await expect(audit.append(numbered(1))).rejects.toMatchObject({ code: 'audit-unwritable' });
    works = true;
    await audit.append(numbered(2));
    expect(audit.state().kind).toBe('writing');
    await audit.close();
    expect(await verifyAudit(folder)).toMatchObject({ ok: true, records: 1 });
  });

  test('shows when only the anchor cannot be written; records go on', { timeout: 15_000 }, async () => {
    const folder = await newFolder();
    const audit = await openAudit({ folder });
    await rm(join(folder, 'anchor.json'));
    await mkdir(join(folder, 'anchor.json', 'in-the-way'), { recursive: true });
    await audit.append(numbered(1));
    await expect.poll(() => audit.state().kind, { timeout: 5000 }).toBe('failed');
    await audit.append(numbered(2));
    await rm(join(folder, 'anchor.json'), { recursive: true });
    await expect.poll(() => audit.state().kind, { timeout: 5000 }).toBe('writing');
    await audit.close();
    expect(await verifyAudit(folder)).toMatchObject({ ok: true, records: 2 });
  });

  const fault = fc.record({
    at: fc.constantFrom<Operation>('open', 'write', 'stat', 'datasync', 'truncate'),
    kind: fc.constantFrom('ENOSPC', 'EIO', 'part', 'part and ENOSPC'),
    bytes: fc.nat({ max: 300 }),
  });
  const step = fc.record({
    appends: fc.integer({ min: 1, max: 5 }),
    faults: fc.array(fault, { maxLength: 3 }),
    restart: fc.boolean(),
  });
  test(
    'in any way at any operation loses no acknowledged record and keeps no refused one',
    { timeout: 180_000 },
    async () => {
      let refusals = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
          const folder = await newFolder();
          let faults: { at: Operation; kind: string; bytes: number }[] = [];
          const openFile = faultyDisk((operation) => {
            const [next] = faults;
            if (next?.at !== operation) return undefined;
            faults = faults.slice(1);
            if (next.kind === 'part' && operation === 'write') return Math.max(1, next.bytes);
            if (next.kind === 'part and ENOSPC' && operation === 'write') {
              faults = [{ at: 'write', kind: 'ENOSPC', bytes: 0 }, ...faults];
              return Math.max(1, next.bytes);
            }
            throw systemError(next.kind === 'EIO' ? 'EIO' : 'ENOSPC');
          });
          const options = { folder, openFile, maxFileBytes: 900 };
          let audit = await openAudit(options);
          const acknowledged: string[] = [];
          let n = 0;
          for (const { appends, faults: next, restart } of steps) {
            faults = next;
            const names = Array.from({ length: appends }, () => `number ${(n += 1)}`);
            const results = await Promise.allSettled(
              names.map((reason) => audit.append({ event: 'request-refused', reason })),
            );
            acknowledged.push(...names.filter((_, index) => results[index]?.status === 'fulfilled'));
            refusals += results.filter(({ status }) => status === 'rejected').length;
            faults = [];
            if (!restart) continue;
            // The clean-up after a refusal may itself have failed; the next append does it, a crash would not.
            await audit.append({ event: 'request-refused', reason: `number ${(n += 1)}` });
            acknowledged.push(`number ${n}`);
            await audit.close();
            audit = await openAudit(options);
          }
          await audit.append({ event: 'request-refused', reason: 'the end' });
          await audit.close();
          expect(await verifyAudit(folder)).toMatchObject({ ok: true });
          const kept = (await reasons(folder)).filter((each) => each !== 'torn-tail');
          expect(kept).toEqual([...acknowledged, 'the end']);
        }),
        { numRuns: 120 },
      );
      expect(refusals).toBeGreaterThan(100);
    },
  );

  test(
    'by losing power keeps every acknowledged record, whatever became of the others',
    { timeout: 180_000 },
    async () => {
      const loss = fc.record({
        before: fc.integer({ min: 0, max: 20 }),
        unsynced: fc.integer({ min: 1, max: 5 }),
        kept: fc.nat({ max: 2000 }),
        damage: fc.constantFrom('cut', 'zeros', 'garbage'),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(loss, { minLength: 1, maxLength: 4 }), async (losses) => {
          const folder = await newFolder();
          const acknowledged: string[] = [];
          const never = Promise.withResolvers<void>();
          const lost: Audit[] = [];
          let n = 0;
          for (const { before, unsynced, kept, damage } of losses) {
            let path = '';
            let isLost = false;
            const written = Promise.withResolvers<void>();
            const openFile = faultyDisk((operation, at) => {
              path = at;
              if (operation !== 'datasync' || !isLost) return undefined;
              written.resolve();
              return never.promise;
            });
            const audit = await openAudit({ folder, openFile, maxFileBytes: 2000 });
            lost.push(audit);
            for (let each = 0; each < before; each += 1) {
              await audit.append(numbered((n += 1)));
              acknowledged.push(`number ${n}`);
            }
            const syncedPath = path;
            const synced = path === '' ? 0 : (await stat(path)).size;
            isLost = true;
            for (let each = 0; each < unsynced; each += 1) {
              audit.append(numbered((n += 1))).catch(() => undefined);
            }
            await written.promise;
            const start = path === syncedPath ? synced : 0;
            const bytes = await readFile(path);
            const whole = Math.min(bytes.length, start + kept);
            const rest = bytes
              .subarray(whole)
              .map((_, index) => (damage === 'zeros' ? 0 : (index * 31) & 255));
            await writeFile(
              path,
              damage === 'cut' ? bytes.subarray(0, whole) : Buffer.concat([bytes.subarray(0, whole), rest]),
            );
          }
          const audit = await openAudit({ folder, maxFileBytes: 2000 });
          expect(audit.damage()).toBeUndefined();
          await audit.close();
          expect(await verifyAudit(folder)).toMatchObject({ ok: true });
          const found = new Set(await reasons(folder));
          expect(acknowledged.filter((each) => !found.has(each))).toEqual([]);
          never.reject(systemError('EIO'));
          for (const each of lost) await each.close();
        }),
        { numRuns: 40 },
      );
    },
  );
});
