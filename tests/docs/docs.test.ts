import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseDocument, stringify } from 'yaml';
import { loadedFrom, parseConfiguration } from '../../main/config/load.ts';
import { configuration } from '../../main/config/schema.ts';
import { errorCodes } from '../../main/contract/errors.ts';
import { entraGuidance } from '../../main/entra/entra-guidance.ts';
import { describeWith, program } from '../support/parts.ts';
import { commandsIn, faultOf } from './command-lines.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = [...globSync('*.md', { cwd: root }), ...globSync('docs/**/*.md', { cwd: root })].map(
  (path) => ({
    path,
    text: readFileSync(join(root, path), 'utf8'),
  }),
);

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
  it('are told from what is none', async () => {
    await expect(faultOf('sing-in')).resolves.toContain('no command "sing-in"');
    await expect(faultOf('provider erase x')).resolves.toContain('no command "erase"');
    await expect(faultOf('login --phone')).resolves.toContain('no option "--phone"');
    await expect(faultOf('login --provider')).resolves.toContain('no value');
    await expect(faultOf('token')).resolves.toContain('missing');
    await expect(faultOf('token', true)).resolves.toBeUndefined();
    await expect(faultOf('cut one two')).resolves.toContain('takes 1');
    await expect(faultOf('exec -- psql')).resolves.toContain('missing');
    await expect(faultOf('exec sales --role x -- psql -c 1')).resolves.toBeUndefined();
    await expect(faultOf('provider add x --domain a b')).resolves.toBeUndefined();
  });

  it('are found, and arguments of other programs are not', () => {
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

  it.each(pages)('of $path exist, with their options', async ({ path, text }) => {
    const inline = [...withoutBlocks(text).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
    const faults: (string | undefined)[] = [];
    for (const block of blocksOf({ path, text }))
      for (const line of commandsIn(block.text)) faults.push(await faulty(line));
    for (const line of inline.flatMap(commandsIn)) faults.push(await faulty(line, true));
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });

  async function faulty(line: string, bare = false): Promise<string | undefined> {
    const fault = await faultOf(line, bare);
    return fault === undefined ? undefined : `latchkey ${line}: ${fault}`;
  }

  it('of the table in README.md exist', async () => {
    const readme = pages.find(({ path }) => path === 'README.md')?.text;
    const table = readme?.split(/^## /m).find((section) => section.startsWith('The command line'));
    const cells = [...(table ?? '').matchAll(/^\| (`.*?) \|/gm)].map(([, cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code),
    );
    expect(cells.length).toBeGreaterThan(10);
    for (const [first = '', ...others] of cells) {
      await expect(faulty(first, true)).resolves.toBeUndefined();
      for (const other of others) {
        // `provider list`, `add`: the group is named once.
        const alone = await faulty(other, true);
        const inGroup = await faulty(`${first.split(' ')[0]} ${other}`, true);
        expect(alone === undefined || inGroup === undefined, `latchkey ${other}`).toBe(true);
      }
    }
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
      return {
        place,
        isFragment: info === 'yaml fragment',
        isOrganisations: info === 'yaml organisation',
        filled,
      };
    })
    .filter(({ filled }) => Object.keys(valueOf(filled)).some((key) => known.has(key)));

  function valueOf(yaml: string): Record<string, unknown> {
    const document = parseDocument(yaml);
    if (document.errors.length > 0) throw new Error(document.errors.join('\n'));
    return (document.toJS() ?? {}) as Record<string, unknown>;
  }

  it.each(blocks)('$place loads', ({ place, isFragment, isOrganisations, filled }) => {
    if (isOrganisations) {
      const organisation = { text: filled, origin: place, folder: '/etc/latchkey' };
      expect(() => loadedFrom({ person: '', organisation }, 'x')).not.toThrow();
      return;
    }
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

describe('decisions', () => {
  it('stand in their list, each one', () => {
    const list = pages.find(({ path }) => /decisions.README/.test(path))?.text ?? '';
    const names = globSync('docs/decisions/*.md', { cwd: root }).map((path) => basename(path));
    expect(names.filter((name) => name !== 'README.md' && !list.includes(`](${name})`))).toEqual([]);
  });
});

describe('paths', () => {
  const exclude = (path: string): boolean => path.endsWith('node_modules');
  const sources = globSync('{main,renderer,assets,tests,docs}/**/*', { cwd: root, exclude }).map((path) =>
    path.replaceAll('\\', '/'),
  );
  const known = new Set([...sources, ...sources.map((path) => basename(path))]);
  /** Pages that tell of the sources; the others name files of people's computers. */
  const inside = pages.filter(({ path }) =>
    /^(CONTRIBUTING|docs.(ARCHITECTURE|decisions.*|how-to.*))\.md$/.test(path),
  );

  it.each(inside)('of $path are there', ({ text }) => {
    const named = [...withoutBlocks(text).matchAll(/`([\w-]+(?:[/.][\w.-]+)*\/?)`/g)].map(
      ([, name = '']) => name,
    );
    const ours = named.filter((name) => /^(main|renderer|assets|tests|docs)\/.|^[\w.-]+\.tsx?$/.test(name));
    expect(ours.filter((name) => !known.has(name.replace(/\/$/, '')))).toEqual([]);
  });

  it('are looked for in the pages that name them', () => {
    expect(inside.length).toBeGreaterThan(15);
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

const terraform = program('terraform', 'developer.hashicorp.com/terraform/install');
// Debian has no package of it, so that CI cannot promise it either.
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
