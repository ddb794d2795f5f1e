// Opens the home as a process of its own at the given time, says "ready", waits for a line on its input, submits the
// codes given (each as often as told, all at once), and says what became of them as JSON: how many of each kind.
// With "die" it kills itself where the answers would be given: after they are decided, before anybody is told.
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { toProblem } from '../../main/contract/errors.ts';
import { alice, openTotp } from './totp-home.ts';

const [folder = '', time = '', times = '1', ending = '', ...codes] = process.argv.slice(2);
const { totp } = openTotp(folder, Number(time));
// Once without consequences, so that everything is loaded and the ledger is there.
await totp.verify(alice, 'none');
await totp.state(alice).catch(() => undefined);
writeSync(1, 'ready\n');
await once(process.stdin, 'data');

const counts: Record<string, number> = {};
await Promise.all(
  codes.flatMap((code) =>
    Array.from({ length: Number(times) }, async () => {
      const verdict = await totp
        .verify(alice, code)
        .catch((thrown: unknown) => ({ kind: toProblem(thrown).code }));
      counts[verdict.kind] = (counts[verdict.kind] ?? 0) + 1;
    }),
  ),
);
if (ending !== 'die') writeSync(1, `${JSON.stringify(counts)}\n`);
// No orderly exit: whoever traces this sees the system calls of the submission and no others.
process.kill(process.pid, 'SIGKILL');
