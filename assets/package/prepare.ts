/**
 * Makes what a package has beside the built application, in dist/package/: manual page, completions, licences and the
 * list of what is inside (SBOM). After `npm run build`; takes what the bundler has put in from the source maps.
 *
 *   node assets/package/prepare.ts
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundledPackages, notices, softwareBill } from './contents.ts';

const project = join(import.meta.dirname, '../..');
const folder = join(project, 'dist/package');

function write(path: string, text: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

const latchkey = (...args: string[]): string =>
  execFileSync(process.execPath, [join(project, 'dist/main/latchkey.js'), ...args], { encoding: 'utf8' });

rmSync(folder, { recursive: true, force: true });
write('share/man/man1/latchkey.1', latchkey('man'));
write('share/bash-completion/completions/latchkey', latchkey('completion', 'bash'));
write('share/zsh/site-functions/_latchkey', latchkey('completion', 'zsh'));
write('share/fish/vendor_completions.d/latchkey.fish', latchkey('completion', 'fish'));
write('share/powershell/latchkey.ps1', latchkey('completion', 'powershell'));
const packages = bundledPackages(project);
write('share/doc/latchkey/copyright', notices(project, packages));
write(
  'share/doc/latchkey/latchkey.cdx.json',
  `${JSON.stringify(softwareBill(project, packages), undefined, 2)}\n`,
);
