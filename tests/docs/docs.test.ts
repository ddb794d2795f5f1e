import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { parseDocument, stringify } from 'yaml';
import { runCli } from '../../main/cli/program.ts';
import { parseConfiguration } from '../../main/config/load.ts';
import { configuration } from '../../main/config/schema.ts';
import { errorCodes } from '../../main/contract/errors.ts';
import { entraGuidance } from '../../main/identity/entra-guidance.ts';
import { describeWith, program } from '../support/parts.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = ['README.md', ...globSync('docs/*.md', { cwd: root })].map((path) => ({
  path,
  text: readFileSync(join(root, path), 'utf8'),
}));

interface Block {
  place: string;
  /** What stands behind the backticks, such as `yaml fragment`. */
  info: string;
  text: string;
}

/** Fenced blocks (CommonMark section 4.5), without the indentation of a list that they stand in. */
function blocksOf({ path, text }: (typeof pages)[number]): Block[] {
  return [...text.matchAll(/^( *)```(.*)\n([\s\S]*?)^\1```$/gm)].map((match) => {
    const [, indent = '', info = '', body = ''] = match;
    const line = text.slice(0, match.index).split('\n').length;
    return {
      place: `${path}:${line}`,
      info: info.trim(),
      text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    };
  });
}

const withoutBlocks = (text: string): string => text.replaceAll(/^( *)```.*\n[\s\S]*?^\1```$/gm, '');

describe('commands', () => {
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
    const parameters = (usage.exec(help)?.[1] ?? '')
      .replace(/\[options\]|\[command\]|-- /g, '')
      .match(/(?:\[[^\]]*\]|<[^>]*>|\S)+/g);
    const options = [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)(?: ([<[]\S+[\]>]))?/gm)].map(
      ([, name = '', value]) =>
        [name, value === undefined ? 'none' : value.includes('...') ? 'many' : 'one'] as const,
    );
    const commands = help.split(/^Commands:$/m)[1] ?? '';
    const shape: Shape = {
      options: new Map(options),
      subcommands: new Set([...commands.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name = '']) => name)),
      needs: parameters?.filter((parameter) => parameter.startsWith('<')).length ?? 0,
      takes: parameters?.some((parameter) => parameter.includes('...'))
        ? Infinity
        : (parameters?.length ?? 0),
    };
    shapes.set(key, shape);
    return shape;
  }

  /** Why a reader who types this gets an error; undefined where it fits. `bare` may leave its parameters out. */
  async function faultOf(line: string, bare: boolean): Promise<string | undefined> {
    const rest = line.match(/(?:<[^>]*>|"[^"]*"|'[^']*'|\S)+/g) ?? [];
    const words: string[] = [];
    let shape = await shapeOf([]);
    const general = shape.options;
    while (shape.subcommands.has(rest[0] ?? '')) {
      words.push(rest.shift() ?? '');
      shape = await shapeOf(words);
    }
    if (words.length === 0 && !(rest[0] ?? '').startsWith('-')) return `there is no command "${rest[0]}"`;
    if (shape.subcommands.size > 0)
      return bare && rest.length === 0 ? undefined : `"${words.join(' ')}" has no command "${rest[0]}"`;
    let parameters = 0;
    for (let index = 0; index < rest.length; index++) {
      const word = rest[index] ?? '';
      if (word === '--') return parameters + 1 >= shape.needs ? undefined : 'a parameter is missing';
      if (!word.startsWith('-')) {
        parameters += 1;
        continue;
      }
      const values = shape.options.get(word) ?? general.get(word);
      if (values === undefined) return `"${words.join(' ')}" has no option "${word}"`;
      if (values === 'none') continue;
      const following = rest.slice(index + 1);
      const end = following.findIndex((next) => next.startsWith('-'));
      const given = end < 0 ? following.length : end;
      if (given === 0) return `"${word}" has no value`;
      index += values === 'many' ? given : 1;
    }
    if (parameters > shape.takes) return `"${words.join(' ')}" takes ${shape.takes} parameters`;
    return parameters < shape.needs && !(bare && parameters === 0) ? 'a parameter is missing' : undefined;
  }

  const beginning = String.raw`(?:(?:^|[|;&(])\s*(?:sudo (?:-\S+ \w+ )?)?|Run: |/)latchkey(?:\.js)? +`;
  const command = new RegExp(`${beginning}([^\\s|;&#)][^\\n|;&#)]*)`, 'gm');

  /** Commands where a shell would run them, up to what ends a command or begins a comment. */
  function commandsIn(code: string): string[] {
    return [...code.matchAll(command)].map(([, line = '']) => line.trim());
  }

  it('finds what is wrong with a command', async () => {
    await expect(faultOf('sing-in', false)).resolves.toContain('no command "sing-in"');
    await expect(faultOf('provider erase x', false)).resolves.toContain('no command "erase"');
    await expect(faultOf('login --phone', false)).resolves.toContain('no option "--phone"');
    await expect(faultOf('login --provider', false)).resolves.toContain('no value');
    await expect(faultOf('token', false)).resolves.toContain('missing');
    await expect(faultOf('token', true)).resolves.toBeUndefined();
    await expect(faultOf('cut one two', false)).resolves.toContain('takes 1');
    await expect(faultOf('exec -- psql', false)).resolves.toContain('missing');
    await expect(faultOf('exec sales --role x -- psql -c 1', false)).resolves.toBeUndefined();
    await expect(faultOf('local add x --group a b', false)).resolves.toBeUndefined();
  });

  it.each(pages)('$path names commands and options that exist', async ({ path, text }) => {
    const faults: string[] = [];
    const inline = [...withoutBlocks(text).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
    const lines = [
      ...blocksOf({ path, text }).flatMap((block) =>
        commandsIn(block.text.replaceAll('\\\n', ' ')).map((line) => ({ line, bare: false })),
      ),
      ...inline.flatMap((code) => commandsIn(code).map((line) => ({ line, bare: true }))),
      ...tableOf(text, 'The command line').map((line) => ({ line, bare: true })),
    ];
    for (const { line, bare } of lines) {
      const fault = await faultOf(line, bare);
      if (fault !== undefined) faults.push(`latchkey ${line}: ${fault}`);
    }
    expect(faults).toEqual([]);
  });

  /** Code in the first column of the tables below a heading; options named alone belong to the cell's text. */
  function tableOf(text: string, heading: string): string[] {
    const section = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
    return [...section.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code),
    );
  }

  it('finds commands, and no arguments of other programs', () => {
    const lines = [
      '  latchkey login    # waits',
      'az x --name latchkey --query y |',
      '  latchkey provider secret entra',
      'sudo -Hu reports latchkey doctor | less',
      'ExecStart=/usr/bin/node /opt/latchkey/dist/main/latchkey.js serve --json',
      'ntfy access latchkey x',
    ];
    expect(commandsIn(lines.join('\n'))).toEqual([
      'login',
      'provider secret entra',
      'doctor',
      'serve --json',
    ]);
    const all = pages.flatMap((page) => blocksOf(page).flatMap(({ text }) => commandsIn(text)));
    expect(all.length).toBeGreaterThan(50);
  });
});

describe('configurations', () => {
  const known = new Set(Object.keys(configuration.shape));
  const id = '5f1c2a3e-0000-4000-8000-000000000001';
  const base = {
    providers: [
      {
        name: 'entra',
        type: 'azure-directory',
        authority: `https://login.microsoftonline.com/${id}`,
        applicationId: id,
      },
    ],
  };

  const blocks = pages
    .flatMap((page) => blocksOf(page))
    .filter(({ info }) => info.split(' ')[0] === 'yaml')
    .map(({ place, info, text }) => {
      // Ids that the reader fills in. Each placeholder gets its own: equal ones would hide a clash.
      const placeholders = [...new Set(text.match(/<[^<>\n]*\bid\b[^<>\n]*>|<application \(client\) id>/g))];
      const filled = placeholders.reduce(
        (result, placeholder, index) =>
          result.replaceAll(placeholder, `${id.slice(0, -2)}${String(index + 10)}`),
        text,
      );
      return { place, isFragment: info === 'yaml fragment', filled };
    })
    .filter(({ filled }) => Object.keys(valueOf(filled)).some((key) => known.has(key)));

  function valueOf(yaml: string): Record<string, unknown> {
    const document = parseDocument(yaml);
    if (document.errors.length > 0) throw new Error(document.errors.join('\n'));
    return (document.toJS() ?? {}) as Record<string, unknown>;
  }

  it.each(blocks)('$place loads', ({ place, isFragment, filled }) => {
    const text = isFragment ? stringify({ ...base, ...valueOf(filled) }) : filled;
    expect(() => parseConfiguration(text, place)).not.toThrow();
  });

  it('covers whole ones and fragments', () => {
    expect(blocks.filter(({ isFragment }) => !isFragment).length).toBeGreaterThanOrEqual(4);
    expect(blocks.filter(({ isFragment }) => isFragment).length).toBeGreaterThanOrEqual(3);
  });
});

describe('links', () => {
  /** The anchor that GitHub gives a heading. */
  const slugOf = (heading: string): string =>
    heading
      .replaceAll(/[`*]|\[|\]\([^)]*\)/g, '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-');
  const anchorsOf = (file: string): string[] =>
    [...withoutBlocks(readFileSync(file, 'utf8')).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      slugOf(heading),
    );

  it.each(pages)('of $path lead somewhere', ({ path, text }) => {
    const broken = [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [file = '', anchor] = target.split('#');
        const there = file === '' ? join(root, path) : resolve(root, dirname(path), file);
        if (relative(root, there).startsWith('..') || !existsSync(there)) return true;
        return anchor !== undefined && !anchorsOf(there).includes(anchor);
      });
    expect(broken).toEqual([]);
  });
});

describe('TROUBLESHOOTING.md', () => {
  const page = pages.find(({ path }) => path.endsWith('TROUBLESHOOTING.md'))?.text ?? '';

  it('explains every AADSTS number that the program knows, with the code that it makes of it', () => {
    const rows = [...page.matchAll(/^\| (\d+) \| `([a-z-]+)` \|/gm)].map(([, number, code]) => [
      Number(number),
      code,
    ]);
    const guidance = Object.entries(entraGuidance).map(([number, { code }]) => [Number(number), code]);
    const byNumber = (left: unknown[], right: unknown[]): number => Number(left[0]) - Number(right[0]);
    expect(rows.toSorted(byNumber)).toEqual(guidance.toSorted(byNumber));
  });

  it('explains every code once', () => {
    const rows = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code]) => code);
    expect(rows.toSorted()).toEqual([...errorCodes].toSorted());
  });
});

const bash = program('bash', 'install the package bash');
describeWith([bash], 'entra.sh', () => {
  it('is a script that bash can read', () => {
    expect(() =>
      execFileSync(bash.path ?? '', ['-n', join(root, 'docs/entra.sh')], { stdio: 'pipe' }),
    ).not.toThrow();
  });
});

// Debian has no package of it, so that not even CI can promise it.
const terraform = program('terraform', 'developer.hashicorp.com/terraform/install');
describe(`entra.tf${terraform.path === undefined ? ` [skipped: terraform is missing (${terraform.remedy})]` : ''}`, () => {
  it.skipIf(terraform.path === undefined)('can be read, and stands as "terraform fmt" writes it', () => {
    expect(() =>
      execFileSync(terraform.path ?? '', ['fmt', '-check', '-diff', join(root, 'docs/entra.tf')], {
        stdio: 'pipe',
      }),
    ).not.toThrow();
  });
});

describe('entra.sh and entra.tf', () => {
  const files = ['docs/entra.sh', 'docs/entra.tf'].map((path) => readFileSync(join(root, path), 'utf8'));

  it.each(['User.Read', 'GroupMember.Read.All', 'User.ReadBasic.All', 'User.Read.All', 'http://localhost'])(
    'both ask for %s, as SETUP.md does',
    (name) => {
      const setup = pages.find(({ path }) => path.endsWith('SETUP.md'))?.text ?? '';
      expect([setup, ...files].filter((text) => !new RegExp(`${name}(?![\\w.])`).test(text))).toEqual([]);
    },
  );
});
