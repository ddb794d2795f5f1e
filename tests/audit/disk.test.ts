import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openAudit } from '../../main/audit/audit.ts';
import { readAudit, verifyAudit } from '../../main/audit/verify.ts';
import { describeWith } from '../support/parts.ts';
import { mount, mountSmallDisk, root, strace, useTemporaryFolders } from '../store/temporary-folder.ts';
import { firstFile, numbered } from './audit-folder.ts';

const newFolder = useTemporaryFolders();

describeWith([root, mount], 'a full disk', () => {
  test('refuses every record within a second, visibly, and recovers by itself', async () => {
    const folder = await newFolder();
    const unmount = mountSmallDisk(folder, '256k');
    const ballast = join(folder, 'ballast');
    let acknowledged = 0;
    try {
      const audit = await openAudit({ folder });
      for (let round = 0; round < 3; round += 1) {
        await audit.append(numbered((acknowledged += 1)));
        // Everything but a part of a page: the next records fit for a while, and then only in part.
        await writeFile(ballast, Buffer.alloc(1024 * 1024)).catch(() => undefined);
        let refusal: unknown;
        while (refusal === undefined) {
          const start = performance.now();
          refusal = await audit.append(numbered(acknowledged + 1)).then(
            () => void (acknowledged += 1),
            (thrown: unknown) => thrown,
          );
          expect(performance.now() - start).toBeLessThan(1000);
        }
        expect(refusal).toMatchObject({
          code: 'audit-unwritable',
          message: `The audit in ${folder} cannot be written because the disk is full.`,
        });
        expect(audit.state()).toMatchObject({ kind: 'failed', problem: { code: 'audit-unwritable' } });
        const { size } = await stat(join(folder, firstFile));
        const more = await Promise.allSettled(Array.from({ length: 50 }, () => audit.append(numbered(-1))));
        expect(more.every(({ status }) => status === 'rejected')).toBe(true);
        expect((await stat(join(folder, firstFile))).size).toBe(size);
        expect(await verifyAudit(folder)).toMatchObject({ ok: true, records: acknowledged, tornBytes: 0 });
        await rm(ballast);
        await audit.append(numbered((acknowledged += 1)));
        expect(audit.state()).toMatchObject({ kind: 'writing' });
      }
      await audit.close();
      expect(await verifyAudit(folder)).toMatchObject({ ok: true, records: acknowledged });
      const reasons = (await readAudit(folder, { limit: 10_000 })).map((record) => record['reason']);
      expect(reasons).toEqual(Array.from({ length: acknowledged }, (_, n) => `number ${n + 1}`));
    } finally {
      unmount();
    }
  });
});

describeWith([root, strace], 'faults of the system', () => {
  const script = `
    const [module, folder] = process.argv.slice(1);
    const { openAudit } = await import(module);
    const audit = await openAudit({ folder });
    const results = [];
    for (let n = 1; n <= 40; n += 1) {
      results.push(await audit.append({ event: 'request-refused', reason: 'number ' + n }).then(() => n, () => -n));
    }
    results.push(audit.state().kind);
    await audit.close();
    console.log(JSON.stringify(results));`;

  // Each fault comes again and again: every seventh call, from the fifth on.
  test.each([
    ['fdatasync:error=EIO'],
    ['pwrite64:error=ENOSPC'],
    ['pwrite64:error=EDQUOT'],
    ['fdatasync:error=EIO', 'ftruncate:error=EIO'],
    ['pwrite64:error=EIO', 'fdatasync:error=EIO', 'ftruncate:error=EIO'],
  ])('a record is refused or kept, never half (case %#)', async (...faults) => {
    const folder = await newFolder();
    const calls = faults.map((fault) => fault.split(':')[0]).join(',');
    const inject = faults.flatMap((fault) => ['-e', `inject=${fault}:when=5+7`]);
    const module = join(import.meta.dirname, '../../main/audit/audit.ts');
    const node = [process.execPath, '--input-type=module', '-e', script, module, folder];
    const child = spawn(
      strace.path ?? '',
      ['-f', '-qqq', '-o', '/dev/null', '-e', `trace=${calls}`, ...inject, ...node],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const end = once(child, 'close');
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    await end;
    const results = JSON.parse(output) as (number | string)[];
    const acknowledged = results.filter((each) => typeof each === 'number' && each > 0);
    const refused = results.filter((each) => typeof each === 'number' && each < 0);
    expect(acknowledged.length + refused.length).toBe(40);
    expect(refused.length).toBeGreaterThan(0);
    expect(await verifyAudit(folder)).toMatchObject({ ok: true, records: acknowledged.length });
    const kept = (await readAudit(folder, { limit: 100 })).map((record) => record['reason']);
    expect(kept).toEqual(acknowledged.map((n) => `number ${n}`));
  });
});
