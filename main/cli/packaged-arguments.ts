/** Options of the whole command line that stand before a command and take a value. */
const withValue = new Set(['--config', '--home', '--as']);
const answered = new Set(['-h', '--help', '-V', '--version']);

/**
 * What the command line is asked to do when the program of the desktop application is started, or undefined where the
 * desktop is meant.
 *
 * - The launcher `latchkey` starts it as `program --cli … -- <arguments>`. Behind `--` Chromium takes no switches, several
 *   of which have the names of ours (`--type`, `--app`).
 * - Whoever starts the program itself with a command gets the command. Other switches before it are Chromium's.
 * @param argv with the program's own path
 */
export function packagedArguments(argv: readonly string[]): string[] | undefined {
  const end = argv.indexOf('--');
  if (end > 0 && argv.slice(1, end).includes('--cli')) return argv.slice(end + 1);
  const kept: string[] = [];
  for (let index = 1; index < argv.length; index += 1) {
    const argument = argv[index] ?? '';
    if (withValue.has(argument)) {
      kept.push(argument, ...argv.slice(index + 1, index + 2));
      index += 1;
    } else if (/^--(?:config|home|as)=/.test(argument) || argument === '--json') kept.push(argument);
    else if (answered.has(argument)) return [...kept, ...argv.slice(index)];
    // A link is for the desktop, wherever the system puts it.
    else if (argument === '--' || /^latchkey:/i.test(argument)) return undefined;
    else if (!argument.startsWith('-')) return [...kept, ...argv.slice(index)];
  }
  return undefined;
}
