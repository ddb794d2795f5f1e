import { parseArgs } from 'node:util';
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
  },
});
if (values.help) {
  console.log(help);
} else {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  await runDemo({
    auto: values.auto,
    headless: values.headless,
    print: (text) => console.log(text),
    signal: stop.signal,
  });
}
