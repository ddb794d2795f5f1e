// Appends without end, several at a time, and prints the number of each record once it is acknowledged.
import { writeSync } from 'node:fs';
import { openAudit } from '../../main/audit/audit.ts';

const [folder = '', start = '0'] = process.argv.slice(2);
const audit = await openAudit({ folder, maxFileBytes: 64 * 1024 });
let n = Number(start);

async function writer(): Promise<never> {
  for (;;) {
    const own = (n += 1);
    await audit.append({ event: 'request-refused', reason: `number ${own}`, path: 'x'.repeat(own % 300) });
    writeSync(1, `${own}\n`);
  }
}
await Promise.all(Array.from({ length: 8 }, writer));
