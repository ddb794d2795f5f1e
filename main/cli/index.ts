import { bundledWorker } from '../base/bundled-worker.ts';
import { runCli } from './program.ts';
import { quitSignal } from './quit-signal.ts';

const stop = quitSignal();
// A reader that has gone (`latchkey status | head -1`) is no failure of ours; a result that nobody gets is.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') process.exit(0);
  process.stderr.write(
    `latchkey: The result could not be written (${code}).\n  Make room, or write it elsewhere.\n`,
  );
  process.exit(1);
});
process.stderr.on('error', () => undefined);

process.exitCode = await runCli(process.argv.slice(2), {
  workerUrl: bundledWorker(import.meta.url),
  signal: stop,
});
// An open pipe on standard input would keep a command waiting that has read all it needs.
process.stdin.destroy();
