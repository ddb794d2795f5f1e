import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { shells, type Shell } from '../../main/cli/completion-scripts.ts';
import { runCli } from '../../main/cli/program.ts';
import { describeWith, program } from '../support/parts.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';

const bash = program('bash', 'install the package bash');
const zsh = program('zsh', 'install the package zsh');
const fish = program('fish', 'install the package fish');
const man = program('man', 'install the package man-db');
const newFolder = useTemporaryFolders();

async function printed(...args: string[]): Promise<{ code: number; out: string }> {
  let out = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  try {
    return { code: await runCli(args, { signal: new AbortController().signal }), out };
  } finally {
    write.mockRestore();
  }
}

/** What a shell has to offer for each line, sorted; `contains` where others may be among it. */
const lines: readonly { line: string; is?: string[]; contains?: string[] }[] = [
  { line: 'latchkey to', is: ['token'] },
  { line: 'latchkey mfa push ', is: ['enrol', 'remove'] },
  { line: 'latchkey --home login mfa pu', is: ['push'] },
  { line: 'latchkey provider add x --type ', is: ['azure-directory', 'local'] },
  { line: 'latchkey provider add --type local --auth', is: ['--authority'] },
  // The options of the whole line go with each command.
  { line: 'latchkey token --js', is: ['--json'] },
  { line: 'latchkey completion ', is: [...shells].toSorted() },
  { line: 'latchkey --config latch', is: ['latchkey.yaml'] },
  { line: 'latchkey exec sales -- ls', contains: ['ls'] },
];

/**
 * Has a shell complete each line, in a folder that has our script as `script`, and a file `latchkey.yaml`.
 * @param args for the shell, which prints a line `=` and the offers, for each of the lines that it is given
 */
async function offered(shell: Shell, command: string, args: string[]): Promise<Map<string, string[]>> {
  const folder = await newFolder();
  await writeFile(join(folder, 'script'), (await printed('completion', shell)).out);
  await writeFile(join(folder, 'latchkey.yaml'), '');
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    TERM: 'dumb',
    LANG: 'C.UTF-8',
  };
  const given = [...args, ...lines.map(({ line }) => line)];
  const { stdout } = await promisify(execFile)(command, given, { cwd: folder, env });
  const [, ...answers] = stdout.split(/^=\r?\n/m);
  return new Map(
    answers.map((answer, index) => {
      const words = answer.split(/\r?\n/).map((line) => (line.split('\t')[0] ?? '').trim());
      return [lines[index]?.line ?? '', [...new Set(words.filter((word) => word !== ''))].toSorted()];
    }),
  );
}

function expected(answers: Map<string, string[]>): void {
  for (const { line, is, contains = [] } of lines) {
    if (is !== undefined) expect(answers.get(line), line).toEqual(is);
    else expect(answers.get(line), line).toEqual(expect.arrayContaining(contains));
  }
}

describeWith([bash], 'completion', () => {
  it('offers commands, options, their values and files in bash', async () => {
    // As bash calls it: the words in an array, and the place of the last.
    const ask = `source ./script
      compopt() { names=yes; }
      [[ $(complete -p latchkey) == *'-F _latchkey latchkey' ]] || exit 1
      for line; do
        names=; read -ra COMP_WORDS <<<"$line|"
        COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 )); COMP_WORDS[COMP_CWORD]=\${COMP_WORDS[COMP_CWORD]%|}
        _latchkey; echo =; printf '%s\\n' "\${COMPREPLY[@]}"
        if [[ -n $names ]] && (( \${#COMPREPLY[@]} == 0 )); then compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"; fi
      done`;
    expected(await offered('bash', bash.path ?? '', ['-c', ask, '_']));
  });
});

describeWith([zsh], 'completion', () => {
  it('offers commands, options, their values and files in zsh', async () => {
    const capture = join(import.meta.dirname, 'zsh-completion.zsh');
    expected(await offered('zsh', zsh.path ?? '', ['-f', capture, './script']));
  });
});

describeWith([fish], 'completion', () => {
  it('offers commands, options, their values and files in fish', async () => {
    const ask = 'source ./script; for line in $argv; echo =; complete -C $line; end';
    expected(await offered('fish', fish.path ?? '', ['-N', '-c', ask]));
  });
});

describe('completion', () => {
  it('of PowerShell has each command with its options, in quotes', async () => {
    const { code, out } = await printed('completion', 'powershell');
    expect(code).toBe(0);
    expect(out).toContain('Register-ArgumentCompleter -Native -CommandName latchkey');
    expect(out).toMatch(/^ {4}'provider add' = @\{ Entries = @\(.*@\('--type', /m);
    expect(out).toContain("'--type' = @('azure-directory', 'local')");
    expect(out).toContain("an organisation''s signed settings");
    for (const [open, close] of ['()', '{}'].map((pair) => pair.split('')))
      expect(out.split(open ?? '').length).toBe(out.split(close ?? '').length);
  });

  it('is refused for another shell', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect((await printed('completion', 'tcsh')).code).toBe(2);
    write.mockRestore();
  });
});

describe('--version', () => {
  it('is a number, and with --json, before or behind it, also what it runs on', async () => {
    expect((await printed('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
    for (const args of [
      ['--version', '--json'],
      ['--json', '-V'],
    ]) {
      const { code, out } = await printed(...args);
      expect(code).toBe(0);
      expect(JSON.parse(out)).toEqual({
        schemaVersion: expect.any(Number),
        version: (await printed('-V')).out.trim(),
        node: process.versions.node,
        platform: process.platform,
        arch: process.arch,
        release: release(),
      });
    }
  });
});

describe('the manual page', () => {
  let page = '';
  beforeAll(async () => {
    page = (await printed('man')).out;
  });

  it('has each command', async () => {
    const help = (await printed('--help')).out.split(/^Commands:$/m)[1] ?? '';
    const commands = [...help.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name = '']) => name);
    expect(commands.length).toBeGreaterThan(30);
    for (const name of commands.filter((each) => each !== 'help'))
      expect(page).toContain(`.B latchkey ${name.replaceAll('-', String.raw`\-`)}`);
  });

  describeWith([man], 'for man', () => {
    it('is one without a warning', async () => {
      const file = join(await newFolder(), 'latchkey.1');
      await writeFile(file, page);
      const env = { ...process.env, MANWIDTH: '80', LC_ALL: 'C.UTF-8', MANROFFOPT: '' };
      const { stdout, stderr } = await promisify(execFile)(man.path ?? '', ['-l', '--warnings', file], {
        env,
      });
      expect(stderr).toBe('');
      // Bold letters are printed over themselves.
      const text = stdout.replaceAll(new RegExp(`.${String.fromCodePoint(8)}`, 'gu'), '');
      expect(text).toContain('--key-file <file>');
      expect(text).toContain('latchkey mfa push enrol');
    });
  });
});
