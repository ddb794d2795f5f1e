// Waits for a line on its input, opens the home and says how it went; holds it until it is killed or its input ends.
import { once } from 'node:events';
import { toProblem } from '../../main/contract/errors.ts';
import { openHome } from '../../main/store/home.ts';

process.stdout.write('ready\n');
await once(process.stdin, 'data');
try {
  const home = await openHome(process.argv[2] ?? '');
  process.stdout.write('open\n');
  await once(process.stdin, 'end');
  await home.close();
} catch (thrown) {
  process.stdout.write(`${JSON.stringify(toProblem(thrown))}\n`);
}
