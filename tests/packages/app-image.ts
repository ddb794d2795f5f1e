import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { archiveOf, writeAppRun } from '../support/electron-builder.ts';
import { runProgram } from '../support/run-program.ts';

/** The program of the packages. */
const executable = 'latchkey-desktop';

/**
 * One executable file with an unpacked application in it, which starts it with what the runtime of an AppImage sets: a shell
 * script that unpacks itself, in place of a program that mounts itself (FUSE), which would be a download. AppRun is
 * electron-builder's own.
 */
export async function packAppImage(unpacked: string, file: string): Promise<void> {
  await writeAppRun(unpacked, executable);
  const runtime = (skipped: number): string => `#!/bin/sh
set -e
APPIMAGE=$(readlink -f "$0")
APPDIR=$(mktemp -d "\${TMPDIR:-/tmp}/mount-XXXXXX")
ARGV0=$0
OWD=$PWD
export APPIMAGE APPDIR ARGV0 OWD
tail -c +${skipped} "$APPIMAGE" | tar -x -C "$APPDIR"
exec "$APPDIR/AppRun" "$@"
`;
  // Its length has as many digits as the other one's.
  const head = runtime(runtime(100).length + 1);
  await writeFile(file, head);
  const content = `${file}.tar`;
  const packed = await runProgram('tar', ['-c', '-f', content, '-C', unpacked, '.'], {});
  if (packed.code !== 0) throw new Error(packed.stderr);
  await pipeline(createReadStream(content), createWriteStream(file, { flags: 'a' }));
  await rm(content);
  await chmod(file, 0o755);
}

/** A copy of an unpacked application that is another version of it: its number stands in the archive alone. */
export async function asVersion(
  unpacked: string,
  copy: string,
  { from, to }: { from: string; to: string },
): Promise<void> {
  // Hard links: nothing but the archive is another file.
  const linked = await runProgram('cp', ['-al', unpacked, copy], {});
  if (linked.code !== 0) throw new Error(linked.stderr);
  const content = `${copy}-content`;
  const archive = join(copy, 'resources/app.asar');
  const { extractAll, createPackage } = archiveOf();
  extractAll(archive, content);
  const manifest = join(content, 'package.json');
  await replaceIn(manifest, `"version": "${from}"`, `"version": "${to}"`);
  const chunks = join(content, 'dist/main/chunks');
  for (const name of await readdir(chunks))
    if (name.startsWith('version-'))
      await replaceIn(join(chunks, name), `version:\`${from}\``, `version:\`${to}\``);
  await rm(archive);
  await createPackage(content, archive);
  await rm(content, { recursive: true });
}

async function replaceIn(file: string, before: string, after: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  if (!text.includes(before)) throw new Error(`${file} has no ${before}`);
  await writeFile(file, text.replace(before, after));
}
