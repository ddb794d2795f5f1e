import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { verifyAudit } from '../../main/audit/verify.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';
import { linesOf, setLines, writeRecords } from './audit-folder.ts';

const newFolder = useTemporaryFolders();

/** The script of format.md, run as a third party would. */
async function publishedCheck(folder: string): Promise<{ status: number | null; output: string }> {
  const page = await readFile(join(import.meta.dirname, '../../main/audit/format.md'), 'utf8');
  const script = /```js\n([^]*?)```/.exec(page)?.[1] ?? '';
  expect(script.trimEnd().split('\n').length).toBeLessThanOrEqual(24);
  const path = join(await newFolder(), 'check.mjs');
  await writeFile(path, script);
  const { status, stdout } = spawnSync(process.execPath, [path, folder], { encoding: 'utf8' });
  return { status, output: stdout };
}

test('the published script agrees with verifyAudit', async () => {
  const folder = await newFolder();
  await writeRecords({ folder, maxFileBytes: 1000 }, 20);
  expect(await verifyAudit(folder)).toMatchObject({ ok: true, records: 20 });
  expect(await publishedCheck(folder)).toEqual({ status: 0, output: '20 records\n' });

  const name = 'audit-000003.jsonl';
  const lines = await linesOf(folder, name);
  const edited = (lines[1] ?? '').replace('number', 'Number');
  for (const [changed, line] of [
    [lines.with(1, edited), 2],
    [lines.toSpliced(2, 1), 3],
    [lines.toSpliced(2, 0, 'rubbish\n'), 3],
  ] as const) {
    await setLines(folder, changed, name);
    expect(await verifyAudit(folder)).toMatchObject({ ok: false, file: name, line });
    const { status, output } = await publishedCheck(folder);
    expect(status).toBe(1);
    expect(output).toContain(`${name}:${line}:`);
  }

  await setLines(folder, lines, name);
  await setLines(folder, (await linesOf(folder, 'audit-000005.jsonl')).slice(0, -1), 'audit-000005.jsonl');
  expect(await verifyAudit(folder)).toMatchObject({ ok: false, reason: 'cut-off' });
  expect((await publishedCheck(folder)).output).toContain('anchor.json: record 20 is gone');
});
