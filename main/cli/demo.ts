import { ownCommand, ownDesktop } from '../store/own-command.ts';
import type { Tools } from './tools.ts';

/** `demo`: a tenant, databases and a Latchkey of their own, to try it on. */
export function registerDemo({ program, output, signal, run }: Tools): void {
  program
    .command('demo')
    .description(
      'try Latchkey with an invented company: starts a directory, databases with sample data and a second Latchkey on this computer, and removes them when it ends',
    )
    .option('--auto', 'play the whole story and print it', false)
    .option('--headless', 'without the desktop application', false)
    .action(
      run(async (_, { auto, headless }: { auto: boolean; headless: boolean }) => {
        const { runDemo } = await import('../demo/run-demo.ts');
        await runDemo({
          auto,
          headless,
          command: ownCommand(),
          desktop: ownDesktop(),
          typed: 'latchkey',
          print: output.out,
          signal,
        });
      }),
    );
}
