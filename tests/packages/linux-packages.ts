import { spawn } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';

const project = join(import.meta.dirname, '../..');

/** What `npm run package` needs of the project. */
const sources = [
  'main',
  'renderer',
  'assets',
  'package.json',
  'package-lock.json',
  'electron-builder.yml',
  'vite.config.ts',
  'vite.main.config.ts',
  'tsconfig.json',
  'LICENSE',
];

export interface LinuxPackages {
  /** The copy of the project that they were built in. */
  project: string;
  /** Metadata for updates, where a package with some was asked for. */
  metadata: string | undefined;
  /** The folder that the packages are made from. */
  unpacked: string;
  archive: string;
  /** Where one was asked for. */
  deb: string | undefined;
}

/**
 * Builds the packages with `npm run package`, in a copy of the project, since it writes to dist/ and release/. What
 * electron-builder would load is given to it.
 * @param electron the folder of an Electron
 * @param sevenZip the program 7za
 * @param releaseKey fingerprint of the key whose releases the packages take
 */
export async function buildLinuxPackages(
  folder: string,
  {
    electron,
    sevenZip,
    deb,
    releaseKey,
  }: { electron: string; sevenZip: string; deb: boolean; releaseKey: string },
): Promise<LinuxPackages> {
  const copy = join(folder, 'project');
  const home = join(folder, 'home');
  const temporary = join(folder, 'tmp');
  for (const each of [copy, home, temporary]) await mkdir(each);
  for (const each of sources) await cp(join(project, each), join(copy, each), { recursive: true });
  await symlink(join(project, 'node_modules'), join(copy, 'node_modules'));
  const manifest = join(copy, 'package.json');
  const { latchkey, ...others } = JSON.parse(await readFile(manifest, 'utf8')) as { latchkey: object };
  await writeFile(
    manifest,
    JSON.stringify({ ...others, latchkey: { ...latchkey, releaseKeys: [releaseKey] } }, undefined, 2),
  );
  const fpm = join(folder, 'fpm');
  const layOut = join(import.meta.dirname, 'deb-child.ts');
  await writeFile(fpm, `#!/bin/sh\nexec '${process.execPath}' '${layOut}' "$@"\n`);
  await chmod(fpm, 0o755);
  const targets = ['dir', 'tar.gz', ...(deb ? ['deb'] : [])];
  await run('npm', ['run', 'package', '--', '--linux', ...targets, `-c.electronDist=${electron}`], copy, {
    PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
    HOME: home,
    TMPDIR: temporary,
    LC_ALL: 'C.UTF-8',
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
    ELECTRON_BUILDER_7ZIP_PATH: sevenZip,
    // The contents are what is tested.
    ELECTRON_BUILDER_COMPRESSION_LEVEL: '1',
    CUSTOM_FPM_PATH: fpm,
  });
  const release = join(copy, 'release');
  const made = await readdir(release);
  const the = (end: string, start = ''): string => {
    const [name, ...others] = made.filter((each) => each.endsWith(end) && each.startsWith(start));
    if (name === undefined || others.length > 0) throw new Error(`release/ has ${made.join(', ')}`);
    return join(release, name);
  };
  return {
    project: copy,
    metadata: deb ? the('.yml', 'latest-') : undefined,
    unpacked: the('-unpacked'),
    archive: the('.tar.gz'),
    deb: deb ? the('.deb') : undefined,
  };
}

/** @throws with what it has printed, where it fails */
async function run(program: string, args: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${out}\n${err}`);
}
