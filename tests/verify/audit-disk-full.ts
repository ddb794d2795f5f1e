import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openAudit, type Audit } from '../../main/audit/audit.ts';
import type { AuditEvent } from '../../main/audit/events.ts';
import { verifyAudit } from '../../main/audit/verify.ts';
import { mountSmallDisk } from '../store/temporary-folder.ts';
import { count, slack, type Target } from './target.ts';

const rounds = { quick: 3, full: 100 };
const boundMs = 1000;

const event: AuditEvent = { event: 'sign-in-started', provider: 'contoso' };

/** A disk of its own that fills up and is freed again: what the audit refuses, no login gets past. */
export const auditDiskFull: Target = {
  name: 'audit-disk-full',
  isTimed: true,
  bound: 'audit disk full: every record, so every login, refused within 1 s, visibly, recovering by itself',
  async run(size) {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-verify-'));
    const unmount = mountSmallDisk(folder, '8m');
    try {
      const audit = await openAudit({ folder });
      const found = { refused: 0, let: 0, invisible: 0, notRecovered: 0, slowest: 0 };
      for (let round = 0; round < rounds[size]; round += 1) await fillAndFree(audit, folder, found);
      await audit.close();
      const { ok } = await verifyAudit(folder);
      const isQuick = found.slowest <= boundMs * slack(size);
      return {
        figure:
          `${count(rounds[size])} times full: ${count(found.refused)} refused, slowest ${found.slowest.toFixed(0)} ms, ` +
          `${found.let} let through, ${found.invisible} not shown, ${found.notRecovered} not recovered, chain ${ok ? 'whole' : 'broken'}`,
        pass: isQuick && ok && found.let + found.invisible + found.notRecovered === 0 && found.refused > 0,
      };
    } finally {
      unmount();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function fillAndFree(
  audit: Audit,
  folder: string,
  found: { refused: number; let: number; invisible: number; notRecovered: number; slowest: number },
): Promise<void> {
  const ballast = join(folder, 'ballast');
  await writeFile(ballast, Buffer.alloc(10 * 1024 * 1024)).catch(() => undefined);
  // What is left of a page takes a few more.
  while (await take(audit, found));
  for (let n = 0; n < 20; n += 1) if (await take(audit, found)) found.let += 1;
  if (audit.state().kind !== 'failed') found.invisible += 1;
  await rm(ballast);
  if (!(await take(audit, found)) || !(await isShownAsWriting(audit))) found.notRecovered += 1;
}

/** The anchor follows the record that could be written again. */
async function isShownAsWriting(audit: Audit): Promise<boolean> {
  const deadline = performance.now() + boundMs;
  while (audit.state().kind !== 'writing') {
    if (performance.now() > deadline) return false;
    await sleep(5);
  }
  return true;
}

async function take(audit: Audit, found: { refused: number; slowest: number }): Promise<boolean> {
  const start = performance.now();
  const isWritten = await audit.append(event).then(
    () => true,
    () => false,
  );
  if (isWritten) return true;
  found.refused += 1;
  found.slowest = Math.max(found.slowest, performance.now() - start);
  return false;
}
