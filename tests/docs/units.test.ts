import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { bootSystemd, type BootedSystemd } from '../support/booted-systemd.ts';
import { buildProduct } from '../support/builds.ts';
import { freePort } from '../support/free-port.ts';
import { soon } from '../support/latchkey.ts';
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

/** The unit that docs/SETUP.md has for this file. */
async function unitOf(path: string): Promise<string> {
  const page = await readFile(join(import.meta.dirname, '../../docs/SETUP.md'), 'utf8');
  const [, unit = ''] = page.slice(page.indexOf(path)).split(/^```(?:ini)?\n/m);
  return unit;
}

const system = '/etc/systemd/system/latchkey@.service';
const user = '/etc/systemd/user/latchkey.service';

describeWith([analyze], 'the units of docs/SETUP.md', () => {
  it.each([
    [system, '--system'],
    [user, '--user'],
  ] as const)('%s is one that systemd understands', async (path, manager) => {
    const unit = await unitOf(path);
    const name = path.split('/').at(-1) ?? '';
    expect(unit).toContain('[Service]');
    expect(await verified(name, unit, manager)).toEqual([]);
    // It does find what is none.
    const wrong = unit.replace('NoNewPrivileges=', 'NoPrivileges=');
    expect((await verified(name, wrong, manager)).join()).toContain("Unknown key 'NoPrivileges'");
  });
});

const booted =
  process.platform === 'linux' ? await bootSystemd(await buildProduct()) : { missing: 'not Linux' };
const reason = 'missing' in booted ? ` [skipped: ${booted.missing}]` : '';

describe.skipIf('missing' in booted)(`the units of docs/SETUP.md, started${reason}`, () => {
  const { run, close } = booted as BootedSystemd;
  afterAll(() => close());

  async function ok(command: string, input?: string): Promise<string> {
    const { code, out } = await run(['sh', '-c', command], input);
    expect(code, `${command}\n${out}`).toBe(0);
    return out;
  }

  const write = (path: string, content: string): Promise<string> => ok(`cat > ${path}`, content);
  const latchkey = (words: string): string => `node /opt/latchkey/dist/main/latchkey.js ${words}`;
  const as = (name: string, words: string): string => `runuser -u ${name} -- ${words}`;
  /** What a client hears that comes to the gateway with a made-up token. */
  const knock = async (name: string, port: number): Promise<string> => {
    const psql = `env PGPASSWORD=lk_wrong HOME=/tmp psql -X -w -c 'select 1' 'host=127.0.0.1 port=${port} user=ada dbname=sales sslmode=disable'`;
    return (await run(['sh', '-c', as(name, psql)])).out;
  };
  const configuration = (port: number): string => `providers:
  - name: fabrikam
    type: azure-directory
    authority: https://login.microsoftonline.com/f4b1ca00-0000-4000-8000-000000000001
    applicationId: f4b1ca00-0000-4000-8000-00000000c11e
connections:
  - name: sales
    protocol: postgresql
    port: ${port}
    upstream: {host: 127.0.0.1, port: 9, database: sales, tls: {mode: 'off'}}
    rules:
      - {group: f4b1ca00-0000-4000-8000-000000000a02, role: app, password: {stored: app}}
`;

  it('one instance serves its user from the moment that it counts as started, reloads, and ends in order', async () => {
    const [first, second] = [await freePort(), await freePort()];
    await ok(
      'useradd --create-home reports && useradd --create-home stranger && install -d -m 755 /etc/latchkey',
    );
    await ok('umask 077 && openssl rand -base64 32 > /etc/latchkey/reports.key');
    await write('/etc/latchkey/latchkey.yaml', configuration(first));
    await write(system, await unitOf(system));
    await ok('systemctl daemon-reload && systemctl start latchkey@reports');
    expect(await knock('reports', first)).toContain('Latchkey does not know this token');
    expect(await knock('stranger', first)).toContain('This Latchkey serves another user of this computer.');
    expect(await ok(as('reports', latchkey('status')))).toContain('Secrets: key-file');

    await write('/etc/latchkey/latchkey.yaml', configuration(second));
    await ok('systemctl reload latchkey@reports');
    await expect.poll(() => knock('reports', second), soon).toContain('Latchkey does not know this token');

    await ok('systemctl restart latchkey@reports && systemctl stop latchkey@reports');
    expect(await ok('systemctl show -p Result,ExecMainStatus latchkey@reports')).toBe(
      'Result=success\nExecMainStatus=0\n',
    );
    const journal = await ok('journalctl --no-pager -u latchkey@reports');
    expect(journal).toContain('The configuration has been loaded anew.');
    expect(journal).not.toContain('systemd was not told');
  });

  it('each user of a server has one of their own', async () => {
    const port = await freePort();
    await ok('useradd --create-home anna && install -d -m 755 /etc/latchkey');
    await ok('install -d -m 700 -o anna -g anna /run/user/$(id -u anna)');
    await ok('systemctl start user@$(id -u anna)');
    await write('/etc/latchkey/latchkey.yaml', configuration(port));
    await write(user, await unitOf(user));
    const session = (command: string): Promise<string> =>
      ok(
        `runuser -u anna -- env HOME=/home/anna XDG_RUNTIME_DIR=/run/user/$(id -u anna) sh -c ${quote(command)}`,
      );
    await session(
      'mkdir -p ~/.config/latchkey && (umask 077 && openssl rand -base64 32 > ~/.config/latchkey/key)',
    );
    await session('systemctl --user enable --now latchkey');
    expect(await session(latchkey('status'))).toContain(`127.0.0.1:${port}`);
    await session('systemctl --user stop latchkey');
    expect(await session('systemctl --user show -p Result latchkey')).toBe('Result=success\n');
  });
});

function quote(command: string): string {
  return `'${command.replaceAll("'", String.raw`'\''`)}'`;
}
