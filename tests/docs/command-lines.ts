import { vi } from 'vitest';
import { runCli } from '../../main/cli/program.ts';

interface Shape {
  /** Each option, and how many values it takes. */
  options: Map<string, 'none' | 'one' | 'many'>;
  subcommands: Set<string>;
  needs: number;
  takes: number;
}

const shapes = new Map<string, Shape>();

/** What `latchkey <words> --help` prints is what a reader can do. */
async function shapeOf(words: string[]): Promise<Shape> {
  const key = words.join(' ');
  const known = shapes.get(key);
  if (known !== undefined) return known;
  let help = '';
  const output = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    help += String(text);
    return true;
  });
  try {
    await runCli([...words, '--help'], { signal: new AbortController().signal });
  } finally {
    output.mockRestore();
  }
  const usage = new RegExp(`^Usage: latchkey${words.map((word) => ` ${word}`).join('')}(?: (.*))?$`, 'm');
  const parameters =
    (usage.exec(help)?.[1] ?? '')
      .replace(/\[options\]|\[command\]|-- /g, '')
      .match(/(?:\[[^\]]*\]|<[^>]*>|\S)+/g) ?? [];
  const options = [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)(?: ([<[]\S+[\]>]))?/gm)].map(
    ([, name = '', value]) =>
      [name, value === undefined ? 'none' : value.includes('...') ? 'many' : 'one'] as const,
  );
  const commands = help.split(/^Commands:$/m)[1] ?? '';
  const shape: Shape = {
    options: new Map(options),
    subcommands: new Set([...commands.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name = '']) => name)),
    needs: parameters.filter((parameter) => parameter.startsWith('<')).length,
    takes: parameters.some((parameter) => parameter.includes('...')) ? Infinity : parameters.length,
  };
  shapes.set(key, shape);
  return shape;
}

/**
 * Why a reader who types `latchkey <line>` gets an error for its form; undefined where it fits.
 * @param bare a command that is only named: its parameters, and the last of its words, may be left out
 */
export async function faultOf(line: string, bare = false): Promise<string | undefined> {
  const rest = line.match(/(?:<[^>]*>|\[[^\]]*\]|"[^"]*"|'[^']*'|\S)+/g) ?? [];
  const words: string[] = [];
  let shape = await shapeOf([]);
  const general = shape.options;
  while (shape.subcommands.has(rest[0] ?? '')) {
    words.push(rest.shift() ?? '');
    shape = await shapeOf(words);
  }
  const command = words.join(' ');
  if (words.length === 0 && !(rest[0] ?? '').startsWith('-')) return `there is no command "${rest[0]}"`;
  // The only option that needs no command.
  if (
    words.length === 0 &&
    rest.some((word: string) => word === '--version') &&
    rest.every((word) => general.has(word))
  )
    return undefined;
  if (shape.subcommands.size > 0)
    return bare && rest.length === 0 ? undefined : `"${command}" has no command "${rest[0]}"`;
  let parameters = 0;
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] ?? '';
    if (word === '--') return parameters + 1 >= shape.needs ? undefined : 'a parameter is missing';
    if (!word.startsWith('-')) {
      parameters += 1;
      continue;
    }
    const values = shape.options.get(word) ?? general.get(word);
    if (values === undefined) return `"${command}" has no option "${word}"`;
    if (values === 'none') continue;
    const following = rest.slice(index + 1);
    const end = following.findIndex((next) => next.startsWith('-'));
    const given = end < 0 ? following.length : end;
    if (given === 0) return `"${word}" has no value`;
    index += values === 'many' ? given : 1;
  }
  if (parameters > shape.takes) return `"${command}" takes ${shape.takes} parameters`;
  return parameters < shape.needs && !(bare && parameters === 0) ? 'a parameter is missing' : undefined;
}

const beginning = String.raw`(?:(?:^|[|;&(])\s*(?:sudo (?:-\S+ \w+ )?)?|Run: |/)latchkey(?:\.js)? +`;
const commandLine = new RegExp(`${beginning}([^\\s|;&#)][^\\n|;&#)]*)`, 'gm');

/** Commands where a shell would run them, up to what ends a command or begins a comment; without `latchkey`. */
export function commandsIn(code: string): string[] {
  return [...code.replaceAll('\\\n', ' ').matchAll(commandLine)].map(([, line = '']) => line.trim());
}
