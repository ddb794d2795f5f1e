// How fast the audit takes records, against bare writes with fdatasync on the same disk in the same run, and how fast
// files are checked. Run: node tests/bench/audit.ts [folder]
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditEvent } from '../../main/audit/events.ts';
import { openAudit } from '../../main/audit/audit.ts';
import { verifyAudit } from '../../main/audit/verify.ts';

const seconds = 3;
const folder = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'latchkey-bench-'));
const account = {
  provider: 'contoso',
  tenantId: '7d1f3c52-6c1b-4c0e-9a53-1a6a2f0a9b11',
  objectId: '0f9c1c9e-3d58-4f5b-8f31-5d0f4a3f8e21',
  username: 'ada@contoso.example',
  displayName: 'Ada',
};
const event: AuditEvent = {
  event: 'login-allowed',
  connection: 'sales',
  clientUser: 'ada',
  database: 'sales',
  program: 'psql',
  address: '127.0.0.1:54321',
  uid: 1000,
  account,
  role: 'reader',
  group: 'b7d7b6a3-64b2-4d8a-8f24-2f2b1a7c9d10',
  tokenId: 'tok_0123456789',
  databaseSessionId: '4f6f2c1e-8a53-4b0e-9d1c-3a6a2f0a9b11',
};

/** Runs `each` in `lanes` loops for some seconds; answers the rate and the time that 99 of 100 calls stay under. */
async function measure(lanes: number, each: () => Promise<void>): Promise<{ rate: number; p99: number }> {
  const times: number[] = [];
  const start = performance.now();
  const until = start + seconds * 1000;
  async function lane(): Promise<void> {
    while (performance.now() < until) {
      const before = performance.now();
      await each();
      times.push(performance.now() - before);
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane));
  const rate = (times.length * 1000) / (performance.now() - start);
  const p99 = times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
  return { rate, p99 };
}

try {
  const bareFile = await open(join(folder, 'bare'), 'w');
  const line = Buffer.alloc(700, 'x');
  let position = 0;
  const bare = await measure(1, async () => {
    await bareFile.write(line, 0, line.length, position);
    await bareFile.datasync();
    position += line.length;
  });
  await bareFile.close();
  console.log(
    `bare write + fdatasync, one after the other: ${bare.rate.toFixed(0)}/s, p99 ${bare.p99.toFixed(2)} ms`,
  );

  const audit = await openAudit({ folder: join(folder, 'audit') });
  for (const lanes of [1, 10, 100, 1000]) {
    const { rate, p99 } = await measure(lanes, () => audit.append(event));
    const ratio = (rate / bare.rate).toFixed(2);
    console.log(
      `append, ${lanes} at a time: ${rate.toFixed(0)}/s (${ratio} of bare), p99 ${p99.toFixed(2)} ms`,
    );
  }
  await audit.close();

  const start = performance.now();
  const verdict = await verifyAudit(join(folder, 'audit'));
  const rate = (verdict.records * 1000) / (performance.now() - start);
  console.log(
    `verify: ${verdict.records} records in ${verdict.files} files, ${rate.toFixed(0)}/s, ok ${verdict.ok}`,
  );
  const opening = performance.now();
  await (await openAudit({ folder: join(folder, 'audit') })).close();
  console.log(`open again: ${(performance.now() - opening).toFixed(0)} ms`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
