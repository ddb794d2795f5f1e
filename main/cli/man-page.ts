import { version } from '../base/version.ts';
import { allOf, type Described } from './describe.ts';

/** man-pages(7); `-` would be a hyphen, and a dot or a quote at the start of a line a request. */
function roff(text: string): string {
  return text
    .replaceAll('\\', String.raw`\e`)
    .replaceAll('-', String.raw`\-`)
    .replaceAll(/^([.'])/gm, String.raw`\&$1`);
}

/** The manual page latchkey(1), from what the program parses with. */
export function manPage(tree: Described): string {
  const [, ...commands] = allOf(tree);
  const lines = [
    `.TH LATCHKEY 1 "" "Latchkey ${roff(version)}" "Latchkey"`,
    '.SH NAME',
    `latchkey ${String.raw`\-`} ${roff(tree.about.replace(/\.$/, ''))}`,
    '.SH SYNOPSIS',
    '.B latchkey',
    String.raw`.RI [ options ] " " command " " [ arguments ]`,
    '.SH OPTIONS',
    'They go with every command.',
    ...optionsOf(tree),
    '.SH COMMANDS',
    ...commands
      .filter(({ commands: below }) => below.length === 0)
      .flatMap((command) => [
        '.TP',
        `.B latchkey ${roff(`${command.words.join(' ')} ${command.usage.replace(/\[options\] ?/, '')}`.trim())}`,
        `${roff(sentence(command.about))}`,
        ...inner(command),
      ]),
    '.SH EXIT STATUS',
    ...exits.flatMap(([code, about]) => ['.TP', `.B ${code}`, roff(about)]),
    '.SH FILES',
    '.TP',
    '.I ~/.config/latchkey/latchkey.yaml',
    'The configuration.',
    '.TP',
    '.I ~/.local/state/latchkey',
    'State, audit and log.',
    '.SH ENVIRONMENT',
    '.TP',
    '.BR LATCHKEY_CONFIG ", " LATCHKEY_HOME ", " LATCHKEY_KEY_FILE',
    `Full paths in place of ${roff('--config, --home and --key-file')}.`,
  ];
  return `${lines.join('\n')}\n`;
}

/** As `main/cli/output.ts` answers. */
const exits: readonly [string, string][] = [
  ['0', 'Done.'],
  ['1', 'It could not be done; standard error says why, and what to do.'],
  ['2', 'The command line or the configuration is wrong.'],
  ['3', 'Somebody has to sign in.'],
  ['4', 'It is not allowed.'],
  ['5', 'Latchkey is not running.'],
];

function inner(command: Described): string[] {
  const options = optionsOf(command);
  return options.length === 0 ? [] : ['.RS', ...options, '.RE'];
}

function optionsOf({ options }: Described): string[] {
  return options
    .filter(({ long }) => long !== '--help')
    .flatMap(({ short, long, value, about, choices }) => [
      '.TP',
      `.B ${roff([short, long].filter((name) => name !== undefined).join(', '))}${value === undefined ? '' : ` ${roff(value)}`}`,
      roff(
        sentence(
          [about, ...(choices.length === 0 ? [] : [`one of ${choices.join(', ')}`])]
            .filter(Boolean)
            .join('; '),
        ),
      ) || String.raw`\&`,
    ]);
}

function sentence(text: string): string {
  return text === '' ? '' : `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.)]$/.test(text) ? '' : '.'}`;
}
