// Saves once to warm up, waits for a line on its input (the test attaches strace meanwhile), saves again and says how
// it went. It ends by SIGKILL, so that the traced system calls are those of the save and none of an orderly exit.
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { writeDurably } from '../../main/store/durable-file.ts';
import { toProblem } from '../../main/contract/errors.ts';

const [path = '', first = '', second = ''] = process.argv.slice(2);
await writeDurably(path, Buffer.from(first));
writeSync(1, 'ready\n');
await once(process.stdin, 'data');
try {
  await writeDurably(path, Buffer.from(second));
  writeSync(1, 'saved\n');
} catch (thrown) {
  writeSync(1, `${JSON.stringify(toProblem(thrown))}\n`);
}
process.kill(process.pid, 'SIGKILL');
