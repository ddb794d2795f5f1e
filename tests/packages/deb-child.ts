/**
 * Lays out a deb as fpm does, from the same parameters: what electron-builder starts where its own fpm, a download, cannot
 * be had. It stops at a parameter that it does not know.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const string = { type: 'string' } as const;
const many = { type: 'string', multiple: true } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    from: { ...string, short: 's' },
    to: { ...string, short: 't' },
    force: { type: 'boolean' },
    depends: { ...many, short: 'd' },
    'deb-recommends': many,
    'deb-compression': string,
    'deb-priority': string,
    architecture: string,
    'after-install': string,
    'after-remove': string,
    description: string,
    version: string,
    package: string,
    name: string,
    maintainer: string,
    vendor: string,
    url: string,
    category: string,
    license: string,
  },
});
if (values.from !== 'dir' || values.to !== 'deb') throw new Error('only a deb is made here');

const folder = mkdtempSync(join(tmpdir(), 'latchkey-deb-'));
// dpkg-deb takes nothing else for the top of a package.
chmodSync(folder, 0o755);
try {
  for (const each of positionals) {
    const [from = '', to = ''] = each.split('=');
    const target = join(folder, to);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(from, target, { recursive: true, verbatimSymlinks: true });
    if (!from.endsWith('/')) chmodSync(target, 0o644);
  }
  const control = join(folder, 'DEBIAN');
  mkdirSync(control);
  for (const [name, script] of [
    ['postinst', values['after-install']],
    ['postrm', values['after-remove']],
  ] as const) {
    if (script === undefined) continue;
    cpSync(script, join(control, name));
    chmodSync(join(control, name), 0o755);
  }
  const fields: Record<string, string | undefined> = {
    Package: values.name,
    Version: values.version,
    Architecture: values.architecture === 'x64' ? 'amd64' : values.architecture,
    Maintainer: values.maintainer,
    Depends: values.depends?.join(', '),
    Recommends: values['deb-recommends']?.join(', '),
    Section: values.category,
    Priority: values['deb-priority'],
    Homepage: values.url,
    // The first line is the synopsis; those that follow begin with a blank.
    Description: values.description?.trim().replaceAll(/\n\s*/g, '\n '),
  };
  const lines = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}\n`],
  );
  writeFileSync(join(control, 'control'), lines.join(''));
  // Without compression, which takes most of the time, and changes nothing that is installed.
  const parameters = ['--root-owner-group', '-Znone', '--build', folder, values.package ?? ''];
  execFileSync('dpkg-deb', parameters, { stdio: 'inherit' });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
