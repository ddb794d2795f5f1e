import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sourceProgram } from './command-line.ts';
import { runDemo } from './run-demo.ts';

const help = `Usage: npm run demo -- [--auto] [--headless]

Starts a local tenant, a database with sample data, and Latchkey, all on this machine and gone when it ends.
  --auto      play the whole story and print it
  --headless  without the desktop application`;

const { values } = parseArgs({
  options: {
    auto: { type: 'boolean', default: false },
    headless: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    // For the desktop application, as whoever started the first one has decided.
    'no-sandbox': { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(help);
} else {
  const project = fileURLToPath(new URL('../..', import.meta.url));
  // It starts several times faster than its source, and `npm run demo` builds it first.
  const built = join(project, 'dist/main/latchkey.js');
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  await runDemo({
    auto: values.auto,
    headless: values.headless,
    command: [process.execPath, existsSync(built) ? built : sourceProgram],
    desktop: [
      process.execPath,
      join(project, 'node_modules/electron/cli.js'),
      ...(values['no-sandbox'] ? ['--no-sandbox'] : []),
      project,
    ],
    typed: 'npm run --silent latchkey --',
    print: (text) => console.log(text),
    signal: stop.signal,
  });
}
