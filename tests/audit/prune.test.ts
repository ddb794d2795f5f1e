import { appendFile, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openAudit } from '../../main/audit/audit.ts';
import { pruneAudit } from '../../main/audit/prune.ts';
import { readAudit, verifyAudit } from '../../main/audit/verify.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';
import { keptKey, linesOf, numbered, setLines } from './audit-folder.ts';

const newFolder = useTemporaryFolders();
const minute = (n: number): Date => new Date(Date.UTC(2026, 0, 1, 12, n));

/** Forty records, one a minute, three or four in a file; the audit is open. */
async function auditOfAnHour() {
  const folder = await newFolder();
  const key = await keptKey();
  let at = 0;
  const audit = await openAudit({ folder, key, maxFileBytes: 1200, now: () => minute(at) });
  async function write(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) await audit.append(numbered((at += 1)));
  }
  await write(40);
  const names = async (): Promise<string[]> =>
    (await readdir(folder)).filter((name) => name.endsWith('.jsonl')).toSorted();
  return { folder, key, audit, write, names, publicKey: key.publicKey };
}

test('old files go; what is left verifies, goes on, and says what was taken away', async () => {
  const { folder, key, audit, write, names, publicKey } = await auditOfAnHour();
  const all = await names();
  const { files, records } = await pruneAudit({ folder, key, audit }, { before: minute(20) });
  expect(files).toEqual(all.slice(0, files.length));
  expect(files.length).toBeGreaterThan(2);
  expect(await names()).toEqual(all.slice(files.length));
  expect((await readAudit(folder, { limit: 1 }))[0]).toMatchObject({
    event: 'audit-pruned',
    files,
    records,
    lastSeq: records,
  });
  await write(10);
  expect(await verifyAudit(folder, { publicKey })).toMatchObject({
    ok: true,
    from: records + 1,
    records: 52 - records,
  });
  await audit.close();
  const again = await openAudit({ folder, key: { ...key, isNew: false } });
  expect(again.damage()).toBeUndefined();
  await again.close();
  // Nothing that is not older goes, however old the rest is.
  const left = await readAudit(folder, { limit: 1000 });
  expect(left.some(({ time }) => time === minute(20).toISOString())).toBe(true);
});

test('an archive keeps them, and verifies together with what goes on', async () => {
  const { folder, key, audit, write, names, publicKey } = await auditOfAnHour();
  const archive = join(await newFolder(), 'archive');
  const first = await pruneAudit({ folder, key, audit }, { before: minute(10), archive });
  await write(20);
  const second = await pruneAudit({ folder, key, audit }, { before: minute(40), archive });
  const later = join(await newFolder(), 'later');
  const third = await pruneAudit({ folder, key, audit }, { before: minute(50), archive: later });
  await audit.close();
  expect((await readdir(archive)).filter((name) => name.endsWith('.jsonl'))).toEqual([
    ...first.files,
    ...second.files,
  ]);
  expect(await verifyAudit(folder, { publicKey, from: later })).toMatchObject({
    ok: true,
    from: first.records + second.records + 1,
  });
  // The first archive ends where the later one begins.
  for (const name of third.files) await copyFile(join(later, name), join(archive, name));
  expect(await verifyAudit(folder, { publicKey, from: archive })).toMatchObject({ ok: true, records: 64 });
  // A checkpoint that was kept elsewhere is enough to go on from.
  const checkpoint = join(await newFolder(), 'kept.json');
  await copyFile(join(folder, 'checkpoint.json'), checkpoint);
  expect(await verifyAudit(folder, { publicKey, from: checkpoint })).toMatchObject({ ok: true });
  expect(await names()).not.toContain(third.files[0]);
});

test('an edit in the archive, a file that is missing there, and a forged checkpoint are found', async () => {
  const { folder, key, audit, publicKey } = await auditOfAnHour();
  const archive = join(await newFolder(), 'archive');
  const { files } = await pruneAudit({ folder, key, audit }, { before: minute(30), archive });
  await audit.close();
  const name = files[1] ?? '';
  const lines = await linesOf(archive, name);
  await setLines(archive, [(lines[0] ?? '').replace('number', 'Number'), ...lines.slice(1)], name);
  expect(await verifyAudit(folder, { from: archive })).toMatchObject({ ok: false, file: name, line: 1 });
  await setLines(archive, lines, name);
  expect(await verifyAudit(folder, { from: archive })).toMatchObject({ ok: true });

  const path = join(folder, 'checkpoint.json');
  const good = await readFile(path, 'utf8');
  const { hash } = JSON.parse(good) as { hash: string };
  await writeFile(path, good.replace(hash, '0'.repeat(64)));
  expect(await verifyAudit(folder, { publicKey })).toMatchObject({ reason: 'checkpoint-forged' });
  // By somebody with a key of their own.
  const forger = await keptKey();
  const other = await newFolder();
  await mkdir(other, { recursive: true });
  await writeFile(path, good);
  const stranger = await verifyAudit(folder, { publicKey: forger.publicKey });
  expect(stranger.ok ? [] : stranger.breaks.map(({ reason }) => reason)).toContain('checkpoint-forged');
});

test('nothing is taken away without a key, from a damaged audit, or over another file', async () => {
  const { folder, key, audit, names } = await auditOfAnHour();
  const all = await names();
  await expect(pruneAudit({ folder, key: undefined, audit }, { before: minute(20) })).rejects.toMatchObject({
    code: 'seal-unavailable',
  });
  const archive = await newFolder();
  await writeFile(join(archive, all[0] ?? ''), 'of another audit');
  await expect(pruneAudit({ folder, key, audit }, { before: minute(20), archive })).rejects.toMatchObject({
    code: 'store-failed',
  });
  await appendFile(join(folder, all[1] ?? ''), 'rubbish\n');
  await expect(pruneAudit({ folder, key, audit }, { before: minute(20) })).rejects.toMatchObject({
    code: 'audit-broken',
  });
  expect(await names()).toEqual(all);
  await audit.close();
});

test('files that a crash left behind the checkpoint count for nothing, and go with the next call', async () => {
  const { folder, key, audit, names, publicKey } = await auditOfAnHour();
  const kept = await newFolder();
  const [oldest = ''] = await names();
  await copyFile(join(folder, oldest), join(kept, oldest));
  await pruneAudit({ folder, key, audit }, { before: minute(20) });
  await copyFile(join(kept, oldest), join(folder, oldest));
  expect(await verifyAudit(folder, { publicKey })).toMatchObject({ ok: true });
  await pruneAudit({ folder, key, audit }, { before: minute(20) });
  expect(await names()).not.toContain(oldest);
  await audit.close();
});
