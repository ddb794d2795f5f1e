import { bundledWorker } from '../bundled-worker.ts';
import { runCli } from './program.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
// A reader that has gone (`latchkey status | head -1`) is no failure of ours.
process.stdout.on('error', () => process.exit(0));

process.exitCode = await runCli(process.argv.slice(2), {
  workerUrl: bundledWorker(import.meta.url),
  signal: stop.signal,
});
// An open pipe on standard input would keep a command waiting that has read all it needs.
process.stdin.destroy();
