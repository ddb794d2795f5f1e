import { Command } from 'commander';
import { connectClient, type Client } from '../../main/cli/client.ts';
import { registerConnect } from '../../main/cli/connect.ts';
import { failed, type Output } from '../../main/cli/output.ts';
import type { Globals } from '../../main/cli/tools.ts';

/** The one command in a process of its own, with a home of its own, in front of whatever broker is in the home. */
const args = process.argv.slice(2);
const output: Output = {
  json: args.includes('--json'),
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
};
const program = new Command('latchkey').option('--home <folder>').option('--json');
const run =
  (body: (globals: Globals, ...parameters: never[]) => Promise<number | void>) =>
  async (...parameters: unknown[]): Promise<void> => {
    const command = parameters.at(-1) as Command;
    try {
      process.exitCode =
        (await body(command.optsWithGlobals() as Globals, ...(parameters.slice(0, -1) as never[]))) ?? 0;
    } catch (error) {
      process.exitCode = failed(output, error);
    }
  };
const withClient = (body: (client: Client, ...parameters: never[]) => Promise<number | void>) =>
  run(async ({ home }, ...parameters) => body(await connectClient(home), ...parameters));
registerConnect({ program, output, signal: new AbortController().signal, run, withClient });
await program.parseAsync(args, { from: 'user' });
