import { Argument } from 'commander';
import { completionScript, shells, type Shell } from './completion-scripts.ts';
import { describe } from './describe.ts';
import { manPage } from './man-page.ts';
import type { Tools } from './tools.ts';

/** What the program says of itself for shells and manuals; nothing of it needs a broker. */
export function registerCompletion({ program, output, run }: Tools): void {
  program
    .command('completion')
    .description('print a script with which a shell completes commands and options')
    .addArgument(new Argument('<shell>').choices(shells))
    .action(run(async (_, shell: Shell) => output.out(completionScript(shell, describe(program)).trimEnd())));
  program
    .command('man')
    .description('print the manual page, for man(1)')
    .action(run(async () => output.out(manPage(describe(program)).trimEnd())));
}
