import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { describeWith, program } from '../support/parts.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';

const analyze = program('systemd-analyze', 'install the package systemd');
const newFolder = useTemporaryFolders();

/** What systemd has to say about a unit. @param manager whose unit it is */
async function verified(name: string, text: string, manager: '--system' | '--user'): Promise<string[]> {
  const folder = await newFolder();
  const file = join(folder, name);
  // Node.js lies elsewhere here, and systemd looks whether it can be run.
  await writeFile(file, text.replace('/usr/bin/node', process.execPath));
  const env = { ...process.env, XDG_RUNTIME_DIR: join(folder, 'run') };
  await mkdir(env.XDG_RUNTIME_DIR, { mode: 0o700 });
  const args = ['verify', manager, '--man=no', '--recursive-errors=no', file];
  const { stderr } = await promisify(execFile)(analyze.path ?? '', args, { env }).catch(
    (error: { stderr: string }) => error,
  );
  // It also reads the units of this computer.
  return stderr.split('\n').filter((line) => line.includes(name.replace(/@?\.service$/, '')));
}

describeWith([analyze], 'the units of docs/SETUP.md', () => {
  it.each([
    ['/etc/systemd/system/latchkey@.service', '--system'],
    ['/etc/systemd/user/latchkey.service', '--user'],
  ] as const)('%s is one that systemd understands', async (path, manager) => {
    const page = await readFile(join(import.meta.dirname, '../../docs/SETUP.md'), 'utf8');
    const [, unit = ''] = page.slice(page.indexOf(path)).split(/^```(?:ini)?\n/m);
    const name = path.split('/').at(-1) ?? '';
    expect(unit).toContain('[Service]');
    expect(await verified(name, unit, manager)).toEqual([]);
    // It does find what is none.
    const wrong = unit.replace('NoNewPrivileges=', 'NoPrivileges=');
    expect((await verified(name, wrong, manager)).join()).toContain("Unknown key 'NoPrivileges'");
  });
});
