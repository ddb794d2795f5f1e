import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { program } from '../support/parts.ts';
import { runProgram } from '../support/run-program.ts';

export const dpkg = program('dpkg', 'install the package dpkg');
/** dpkg gives files to root; who is not root has them given in appearance. */
export const asRoot =
  process.getuid?.() === 0 ? undefined : program('fakeroot', 'install the package fakeroot');

/** Files of other packages, so that their folders are not ours alone. */
const others = [
  'etc/passwd',
  'opt/other/program',
  'usr/bin/other',
  'usr/share/applications/other.desktop',
  'usr/share/bash-completion/completions/other',
  'usr/share/doc/other/copyright',
  'usr/share/fish/vendor_completions.d/other.fish',
  'usr/share/icons/hicolor/other.png',
  'usr/share/man/man1/other.1',
  'usr/share/zsh/vendor-completions/_other',
];

/** A folder that stands for the root of a system with nothing of ours in it. */
export interface CleanRoot {
  folder: string;
  /** Runs dpkg on it. @throws with what dpkg has said, where it fails */
  dpkg(...args: string[]): Promise<string>;
  /** What is in it, with types, permissions and the targets of links; without the books of dpkg. */
  contents(): string[];
}

export async function createCleanRoot(folder: string): Promise<CleanRoot> {
  for (const each of others) {
    await mkdir(join(folder, dirname(each)), { recursive: true });
    await writeFile(join(folder, each), '');
  }
  const books = join(folder, 'var/lib/dpkg');
  for (const each of ['info', 'updates']) await mkdir(join(books, each), { recursive: true });
  for (const each of ['status', 'available']) await writeFile(join(books, each), '');
  return {
    folder,
    async dpkg(...args) {
      const options = [
        `--root=${folder}`,
        '--force-not-root',
        // Their scripts run from outside, as there is no shell inside.
        '--force-script-chrootless',
        // What it needs is the system's, and not in here.
        '--force-depends',
        `--log=${folder}.log`,
        // Images of containers leave manual pages out.
        '--path-include=/usr/share/*',
      ];
      const command = [...(asRoot === undefined ? [] : [asRoot.path ?? '']), dpkg.path ?? '', ...options];
      const [first = '', ...rest] = [...command, ...args];
      // dpkg asks for programs of /sbin, which a person may not have in PATH.
      const PATH = `${process.env['PATH']}:/usr/local/sbin:/usr/sbin:/sbin`;
      const { code, stdout, stderr } = await runProgram(first, rest, { env: { PATH } });
      if (code !== 0) throw new Error(`dpkg ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
      return stdout;
    },
    contents: () =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((path) => !`${path}/`.startsWith('var/lib/dpkg/'))
        .map((path) => {
          const { mode } = lstatSync(join(folder, path));
          const isLink = (mode & 0o170000) === 0o120000;
          return `${path} ${mode.toString(8)}${isLink ? ` ${readlinkSync(join(folder, path))}` : ''}`;
        })
        .toSorted(),
  };
}

interface Installed {
  depends: string[];
  provides: string[];
}

/** The packages of this computer, as dpkg has them. */
function installedPackages(): Map<string, Installed> {
  const packages = new Map<string, Installed>();
  for (const paragraph of readFileSync('/var/lib/dpkg/status', 'utf8').split('\n\n')) {
    const field = (name: string): string =>
      new RegExp(`^${name}: (.*(?:\\n .*)*)`, 'm').exec(paragraph)?.[1] ?? '';
    if (!field('Status').endsWith(' installed')) continue;
    packages.set(field('Package'), {
      depends: [...namesIn(field('Depends')), ...namesIn(field('Pre-Depends'))],
      provides: namesIn(field('Provides')),
    });
  }
  return packages;
}

/** Names of packages in a field such as Depends, without versions and architectures. */
export const namesIn = (field: string): string[] =>
  field
    .split(/[,|]/)
    .map((each) => each.trim().replace(/[\s:(].*/s, ''))
    .filter((each) => each !== '');

/** These packages with all that they need, among those that this computer has. */
export function withAllTheyNeed(names: readonly string[]): Set<string> {
  const installed = installedPackages();
  const providers = Map.groupBy(
    [...installed].flatMap(([name, { provides }]) => provides.map((provided) => ({ provided, name }))),
    ({ provided }) => provided,
  );
  const found = new Set<string>();
  const left = [...names];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    for (const one of [name, ...(providers.get(name) ?? []).map((each) => each.name)]) {
      if (found.has(one) || !installed.has(one)) continue;
      found.add(one);
      left.push(...(installed.get(one)?.depends ?? []));
    }
  }
  return found;
}

/** Which packages of this computer have files of these names. */
export function ownersOf(names: readonly string[]): Map<string, string[]> {
  const owners = new Map<string, string[]>(names.map((name) => [name, []]));
  const lists = '/var/lib/dpkg/info';
  for (const list of readdirSync(lists).filter((each) => each.endsWith('.list'))) {
    for (const path of readFileSync(join(lists, list), 'utf8').split('\n'))
      owners.get(basename(path))?.push(list.replace(/(?::\w+)?\.list$/, ''));
  }
  return owners;
}
