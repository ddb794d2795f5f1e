import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { listAuditFiles } from '../../main/audit/audit-files.ts';
import { openAudit } from '../../main/audit/audit.ts';
import { readAudit, verifyAudit } from '../../main/audit/verify.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';

const newFolder = useTemporaryFolders();
const kills = Number(process.env['LATCHKEY_TEST_KILLS'] ?? 100);

test(
  `${kills} times kill -9 while writing: no acknowledged record is lost, the chain holds`,
  {
    timeout: 60_000 + kills * 3000,
  },
  async () => {
    const folder = await newFolder();
    const acknowledged = new Set<number>();
    let next = 0;

    async function lifeOfOneWriter(): Promise<void> {
      const script = join(import.meta.dirname, 'writer-child.ts');
      const child = spawn(process.execPath, [script, folder, `${next}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const end = once(child, 'close');
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
      await once(child.stdout, 'data');
      await sleep(Math.random() * 30);
      child.kill('SIGKILL');
      expect((await end)[1]).toBe('SIGKILL');
      const lines = output.split('\n');
      // What stands after the last newline is a number that was cut short.
      for (const line of lines.slice(0, -1)) acknowledged.add(Number(line));
      next += 1_000_000;
    }

    for (let kill = 0; kill < kills; kill += 1) await lifeOfOneWriter();

    const audit = await openAudit({ folder });
    expect(audit.damage()).toBeUndefined();
    await audit.close();
    const verdict = await verifyAudit(folder);
    expect(verdict).toMatchObject({ ok: true, tornBytes: 0 });
    const records = await readAudit(folder, { limit: Number.MAX_SAFE_INTEGER });
    const kept = new Set(records.map((record) => Number(String(record['reason']).replace('number ', ''))));
    const lost = [...acknowledged].filter((n) => !kept.has(n));
    const repairs = records.filter(({ event }) => event === 'audit-repaired').length;
    process.stdout.write(
      `audit: ${kills} kills, ${acknowledged.size} records acknowledged, ${lost.length} lost, ` +
        `${records.length} in ${(await listAuditFiles(folder)).length} files, ${repairs} repairs\n`,
    );
    expect(lost).toEqual([]);
    expect(acknowledged.size).toBeGreaterThan(kills);
  },
);
