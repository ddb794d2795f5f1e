import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { openAudit } from '../../main/audit/audit.ts';
import { readAudit, verifyAudit } from '../../main/audit/verify.ts';
import { buildProgram } from '../support/builds.ts';

/** Writers of the audit in this folder, one after the other, each killed while it writes; and what is there afterwards. */
export async function killWriters(folder: string, times: number) {
  const script = await buildProgram('audit/writer-child.ts');
  const acknowledged = new Set<number>();
  for (let kill = 0; kill < times; kill += 1) {
    const child = spawn(process.execPath, [script, folder, `${kill * 1_000_000}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const end = once(child, 'close') as Promise<[number | null, string | null]>;
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    // Well under way, however long the start has taken.
    while (output.split('\n').length < 3) await once(child.stdout, 'data');
    await sleep(Math.random() * 30);
    child.kill('SIGKILL');
    const [, signal] = await end;
    if (signal !== 'SIGKILL') throw new Error(`a writer ended by itself: ${output.slice(-1000)}`);
    // What stands after the last newline is a number that was cut short.
    for (const line of output.split('\n').slice(0, -1)) acknowledged.add(Number(line));
  }
  const audit = await openAudit({ folder });
  const damage = audit.damage();
  await audit.close();
  const verdict = await verifyAudit(folder);
  const records = await readAudit(folder, { limit: Number.MAX_SAFE_INTEGER });
  const kept = new Set(records.map((record) => Number(String(record['reason']).replace('number ', ''))));
  const lost = [...acknowledged].filter((number) => !kept.has(number));
  return { acknowledged: acknowledged.size, lost, damage, verdict, records };
}
