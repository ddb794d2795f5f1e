import { expect, test } from 'vitest';
import { listAuditFiles } from '../../main/audit/audit-files.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';
import { killWriters } from './killed-writers.ts';

const newFolder = useTemporaryFolders();
const kills = Number(process.env['LATCHKEY_TEST_KILLS'] ?? 100);

test(
  `${kills} times kill -9 while writing: no acknowledged record is lost, the chain holds`,
  { timeout: 60_000 + kills * 3000 },
  async () => {
    const folder = await newFolder();
    const { acknowledged, lost, damage, verdict, records } = await killWriters(folder, kills);
    expect(damage).toBeUndefined();
    expect(verdict).toMatchObject({ ok: true, tornBytes: 0 });
    const repairs = records.filter(({ event }) => event === 'audit-repaired').length;
    process.stdout.write(
      `audit: ${kills} kills, ${acknowledged} records acknowledged, ${lost.length} lost, ` +
        `${records.length} in ${(await listAuditFiles(folder)).length} files, ${repairs} repairs\n`,
    );
    expect(lost).toEqual([]);
    expect(acknowledged).toBeGreaterThan(kills);
  },
);
