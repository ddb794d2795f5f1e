import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { Client } from 'pg';
import { firstLine } from '../../main/demo/command-line.ts';
import { desktopParts } from '../e2e/parts.ts';
import { readFuses } from '../support/electron-builder.ts';
import { freePort } from '../support/free-port.ts';
import { describeWith, parts, program } from '../support/parts.ts';
import { type ProgramResult, runProgram } from '../support/run-program.ts';
import {
  asRoot,
  type CleanRoot,
  createCleanRoot,
  dpkg,
  namesIn,
  ownersOf,
  withAllTheyNeed,
} from './clean-root.ts';
import { signer } from '../organisation/bundles.ts';
import { buildLinuxPackages, type LinuxPackages } from './linux-packages.ts';
import { registerUpdateStory } from './update-story.ts';

const { electron, display, sessionBus } = desktopParts;
const dpkgDeb = program('dpkg-deb', 'install the package dpkg');
const sevenZip = program('7za', 'install the package p7zip-full');
const tar = program('tar', 'install the package tar');
const xdotool = program('xdotool', 'install the package xdotool');
const bash = program('bash', 'install the package bash');
const zsh = program('zsh', 'install the package zsh');
const fish = program('fish', 'install the package fish');
const man = program('man', 'install the package man-db');
const ldd = program('ldd', 'install the package libc-bin');
const debParts = [dpkg, dpkgDeb, ...(asRoot === undefined ? [] : [asRoot])];

const project = join(import.meta.dirname, '../..');
const { version, devDependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
  version: string;
  devDependencies: Record<string, string>;
};
const settings = parse(readFileSync(join(project, 'electron-builder.yml'), 'utf8')) as {
  electronFuses: Record<string, boolean>;
};

/** Of an account that there is not: nothing is asked of it before somebody signs in. */
const configuration = `providers:
  - name: fabrikam
    type: azure-directory
    authority: https://login.microsoftonline.com/f4b1ca00-0000-4000-8000-000000000001
    applicationId: f4b1ca00-0000-4000-8000-00000000c11e
`;

/** Of the releases that the packages take. */
const releases = signer();

/** CycloneDX 1.6, as far as it is used. */
interface SoftwareBill {
  bomFormat: string;
  specVersion: string;
  serialNumber: string;
  metadata: { component: { name: string; version: string } };
  components: {
    'bom-ref': string;
    type: string;
    group?: string;
    name: string;
    version: string;
    purl: string;
    licenses: { license?: { id: string }; expression?: string }[];
    hashes?: { alg: string; content: string }[];
  }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

describeWith([electron, sevenZip, tar], 'the packages of Linux', () => {
  // A build takes half a minute of a quiet machine.
  vi.setConfig({ testTimeout: 300_000, hookTimeout: 900_000 });
  let folder: string;
  let packages: LinuxPackages;
  /** What the archive holds, in a folder with a blank in its name. */
  let extracted: string;

  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'lk-packages-')));
    packages = await buildLinuxPackages(folder, {
      electron: dirname(electron.path ?? ''),
      sevenZip: sevenZip.path ?? '',
      deb: debParts.every(({ path }) => path !== undefined),
      releaseKey: releases.fingerprint,
    });
    extracted = join(folder, 'my programs');
    await mkdir(extracted);
    const options = ['-xzf', packages.archive, '-C', extracted, '--strip-components=1'];
    expect(await runProgram(tar.path, options)).toMatchObject({ code: 0, stderr: '' });
  });
  afterAll(async () => {
    // What Chromium has started may be on its way out still.
    if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 20 });
  });

  /** As of a person who has just come: no screen, and a home with nothing in it. */
  async function asNewcomer(command: string, ...args: string[]): Promise<ProgramResult> {
    const home = await mkdtemp(join(folder, 'home-'));
    return runProgram(command, args, { env: { HOME: home } });
  }

  /** As of a person who has just come, at the screen of the tests. */
  async function atScreen(): Promise<Record<string, string>> {
    const home = await mkdtemp(join(folder, 'person-'));
    const others = Object.entries(process.env).filter(([name]) => !/^(?:LATCHKEY|XDG)_/.test(name));
    return {
      ...(Object.fromEntries(others) as Record<string, string>),
      HOME: home,
      XDG_CURRENT_DESKTOP: 'none',
    };
  }

  // Chromium makes no sandbox for root.
  const switches = [
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    '--disable-gpu',
    '--in-process-gpu',
  ];

  it('have the fuses of electron-builder.yml', async () => {
    const fuses = await readFuses(join(packages.unpacked, 'latchkey-desktop'));
    const wanted = Object.entries(settings.electronFuses).map(([name, on]) => [
      `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
      on,
    ]);
    expect(wanted.length).toBeGreaterThan(6);
    expect(fuses).toMatchObject(Object.fromEntries(wanted));
  });

  it('say where newer versions are, and leave what updates go by', async () => {
    const { homepage } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
      homepage: string;
    };
    expect(parse(readFileSync(join(packages.unpacked, 'resources/app-update.yml'), 'utf8'))).toMatchObject({
      provider: 'generic',
      url: `${homepage}/releases/`,
    });
    if (packages.metadata === undefined) return;
    expect(parse(readFileSync(packages.metadata, 'utf8'))).toMatchObject({
      version,
      files: [{ url: basename(packages.deb ?? ''), sha512: expect.stringMatching(/==$/) as string }],
    });
  });

  it('are no Node that runs any script', async () => {
    const { stdout } = await runProgram(join(extracted, 'latchkey-desktop'), ['-e', 'console.log(6 * 7)'], {
      env: { HOME: folder, ELECTRON_RUN_AS_NODE: '1' },
    });
    expect(stdout).not.toContain('42');
  });

  describe('answer commands from a folder with blanks', () => {
    it('with the version, for programs too', async () => {
      const { code, stdout, stderr } = await asNewcomer(join(extracted, 'latchkey'), '--version', '--json');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout)).toMatchObject({
        version,
        electron: expect.stringMatching(/^\d+\./) as string,
      });
    });

    it('with help, mistakes and faults by their exit codes', async () => {
      const command = join(extracted, 'latchkey');
      expect(await asNewcomer(command, 'help')).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^Usage: latchkey /) as string,
      });
      expect(await asNewcomer(command, 'nonsense')).toMatchObject({ code: 2, stdout: '' });
      expect(await asNewcomer(command, 'status')).toMatchObject({
        code: 5,
        stderr: expect.stringContaining('No Latchkey is running for ') as string,
      });
    });

    it('through a link in PATH, and from the program itself', async () => {
      const bin = join(folder, 'bin');
      await mkdir(bin);
      await symlink(join(extracted, 'latchkey'), join(bin, 'latchkey'));
      const env = { HOME: folder, PATH: `${bin}:${process.env['PATH']}` };
      const linked = await runProgram('sh', ['-c', 'latchkey --version'], { env });
      expect(linked).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
      // Chromium makes no sandbox for root, and says so before it starts anything.
      const direct = await asNewcomer(join(extracted, 'latchkey-desktop'), '--no-sandbox', '--version');
      expect(direct).toMatchObject({ code: 0, stdout: `${version}\n` });
    });
  });

  it('serve without a screen', async () => {
    const home = await mkdtemp(join(folder, 'service-'));
    const port = await freePort();
    const upstream = "{host: 127.0.0.1, port: 9, database: sales, tls: {mode: 'off'}}";
    const rules = '[{group: f4b1ca00-0000-4000-8000-00000000d00d, role: reader, password: {stored: reader}}]';
    const connection = `{name: sales, protocol: postgresql, port: ${port}, upstream: ${upstream}, rules: ${rules}}`;
    await writeFile(join(home, 'latchkey.yaml'), `${configuration}connections:\n  - ${connection}\n`);
    const places = ['--home', join(home, 'home'), '--config', join(home, 'latchkey.yaml')];
    const env = { HOME: home, PATH: process.env['PATH'] };
    const service = spawn(join(extracted, 'latchkey'), [...places, 'serve', '--json'], { env });
    try {
      expect(await firstLine(service)).toContain('"serving"');
      expect((await asNewcomer(join(extracted, 'latchkey'), ...places, 'status')).code).toBe(0);
      const login = { host: '127.0.0.1', port, user: 'ada', database: 'sales', password: 'lk_unknown' };
      await expect(new Client(login).connect()).rejects.toThrow('does not know this token');
      // The library that asks the kernel whose a client is.
      expect(readFileSync(`/proc/${service.pid}/maps`, 'utf8')).toContain('koffi.node');
      expect(await end(service)).toBe(0);
    } finally {
      service.kill('SIGKILL');
    }
  });

  describeWith([parts.psql, parts.initdb], 'with a PostgreSQL of this computer', () => {
    it('play the demo, and leave nothing of it behind', { timeout: 180_000 }, async () => {
      // The database may run as another user, who has to get in.
      const TMPDIR = await mkdtemp(join(tmpdir(), 'lk-packaged-demo-'));
      await chmod(TMPDIR, 0o711);
      try {
        const { code, stdout, stderr } = await runProgram(join(extracted, 'latchkey'), ['demo', '--auto'], {
          env: { HOME: folder, PATH: process.env['PATH'] ?? '', TMPDIR },
        });
        expect(code, `${stdout}\n${stderr}`).toBe(0);
        expect(stdout).toMatch(/sales_readonly *\| *5000 *\|[^]*The audit is whole: \d+ records[^]*Done in /);
        expect(await readdir(TMPDIR)).toEqual([]);
      } finally {
        await rm(TMPDIR, { recursive: true, force: true });
      }
    });
  });

  describe('have beside the application', () => {
    const share = (path: string): string => join(extracted, 'resources/share', path);
    const bill = (): SoftwareBill =>
      JSON.parse(readFileSync(share('doc/latchkey/latchkey.cdx.json'), 'utf8')) as SoftwareBill;

    describeWith([man], 'a manual page', () => {
      it('that man shows without a warning', async () => {
        const page = share('man/man1/latchkey.1');
        const { code, stdout, stderr } = await runProgram(man.path, ['-l', '--warnings', page]);
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(stdout).toMatch(/^LATCHKEY\(1\)/);
      });
    });

    describeWith([bash, zsh, fish], 'completions', () => {
      it.each([
        [bash, 'bash-completion/completions/latchkey'],
        [zsh, 'zsh/site-functions/_latchkey'],
        [fish, 'fish/vendor_completions.d/latchkey.fish'],
      ])('that their shells can read: %o', async (shell, path) => {
        expect(readFileSync(share(path), 'utf8')).toContain('latchkey');
        const read = await runProgram(shell.path, ['-n', share(path)], { env: { HOME: folder } });
        expect(read).toEqual({ code: 0, stdout: '', stderr: '' });
      });
    });

    it('a list of what is inside that contradicts itself nowhere', () => {
      const { bomFormat, specVersion, serialNumber, metadata, components, dependencies } = bill();
      expect({ bomFormat, specVersion }).toEqual({ bomFormat: 'CycloneDX', specVersion: '1.6' });
      expect(serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(metadata.component).toMatchObject({ name: 'latchkey', version });
      const names = components.map(({ group, name }) => (group === undefined ? name : `${group}/${name}`));
      // Of the command line, the gateways, the window, its letters, and the runtime.
      for (const each of [
        'commander',
        '@mongodb-js/saslprep',
        'electron-updater',
        'react',
        '@fontsource-variable/inter',
        'electron',
      ])
        expect(names).toContain(each);
      expect(components.find(({ name }) => name === 'electron')?.version).toBe(devDependencies['electron']);
      const refs = components.map((each) => each['bom-ref']);
      expect(new Set(refs).size).toBe(refs.length);
      expect(dependencies.flatMap(({ dependsOn }) => dependsOn).toSorted()).toEqual(refs.toSorted());
      for (const { group, name, purl, version: at, licenses, hashes, type } of components) {
        const scope = group === undefined ? '' : `${group.replace('@', '%40')}/`;
        expect(purl).toBe(`pkg:npm/${scope}${name}@${at}`);
        expect(licenses.map(({ license, expression }) => license?.id ?? expression)).toEqual([
          expect.stringMatching(/^[\w.() -]+$/),
        ]);
        if (type === 'library')
          expect(hashes, name).toEqual([
            { alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) as string },
          ]);
      }
    });

    it('the licences of all that is inside, and of the runtime', () => {
      const licences = readFileSync(share('doc/latchkey/copyright'), 'utf8');
      expect(licences).toContain(readFileSync(join(project, 'LICENSE'), 'utf8').trim());
      for (const { group, name, version: at, type } of bill().components)
        if (type === 'library')
          expect(licences).toContain(`\n${group === undefined ? '' : `${group}/`}${name} ${at} (`);
      for (const file of ['LICENSE.electron.txt', 'LICENSES.chromium.html'])
        expect(existsSync(join(extracted, file)), file).toBe(true);
    });
  });

  describeWith([...debParts, display, sessionBus, xdotool, ldd], 'the deb', () => {
    let root: CleanRoot;
    let before: string[];
    beforeAll(async () => {
      root = await createCleanRoot(join(folder, 'root'));
      before = root.contents();
      await root.dpkg('--install', packages.deb ?? '');
    });

    const installed = (path: string): string => join(root.folder, path);
    const field = async (name: string): Promise<string> =>
      (await runProgram(dpkgDeb.path, ['--field', packages.deb ?? '', name])).stdout.trim();

    it('puts the command, its manual page and its completions where they are found', async () => {
      const PATH = `${installed('usr/bin')}:${process.env['PATH']}`;
      const ran = await runProgram('sh', ['-c', 'command -v latchkey; latchkey --version'], {
        env: { HOME: folder, PATH },
      });
      expect(ran).toEqual({
        code: 0,
        stdout: `${installed('usr/bin/latchkey')}\n${version}\n`,
        stderr: '',
      });
      for (const path of [
        'usr/share/man/man1/latchkey.1',
        'usr/share/bash-completion/completions/latchkey',
        'usr/share/fish/vendor_completions.d/latchkey.fish',
        'usr/share/zsh/vendor-completions/_latchkey',
        'usr/share/doc/latchkey/copyright',
        'usr/share/icons/hicolor/512x512/apps/latchkey-desktop.png',
      ])
        expect((await stat(installed(path))).size, path).toBeGreaterThan(0);
      const entry = readFileSync(installed('usr/share/applications/latchkey-desktop.desktop'), 'utf8');
      expect(entry.split('\n')).toEqual(
        expect.arrayContaining([
          'Exec=/opt/Latchkey/latchkey-desktop %U',
          'Icon=latchkey-desktop',
          'MimeType=x-scheme-handler/latchkey;',
        ]),
      );
    });

    it('asks for each library that the program is linked with', async () => {
      const { stdout } = await runProgram(ldd.path, [installed('opt/Latchkey/latchkey-desktop')]);
      expect(stdout).not.toContain('not found');
      const libraries = [...stdout.matchAll(/^\s*(\S+) => (\/\S+)/gm)]
        .filter(([, , path = '']) => !path.startsWith(root.folder))
        .map(([, name = '']) => name);
      expect(libraries.length).toBeGreaterThan(30);
      const needed = withAllTheyNeed(namesIn(await field('Depends')));
      const owners = ownersOf(libraries);
      const missing = libraries.filter((name) => owners.get(name)?.some((each) => needed.has(each)) !== true);
      expect(missing).toEqual([]);
    });

    const desktop = (): string => installed('opt/Latchkey/latchkey-desktop');
    it('opens its window, and answers the command', async () => {
      const env = await atScreen();
      const child = spawn(desktop(), switches, { env, stdio: 'ignore', detached: true });
      try {
        const command = (...args: string[]) => runProgram(installed('usr/bin/latchkey'), args, { env });
        const windows = [
          'search',
          '--all',
          '--onlyvisible',
          '--pid',
          String(child.pid),
          '--name',
          'Latchkey',
        ];
        await expect
          .poll(async () => (await runProgram(xdotool.path, windows, { env })).stdout, { timeout: 200_000 })
          .toMatch(/^\d+\n$/);
        await expect
          .poll(async () => (await command('status')).code, { timeout: 200_000, interval: 500 })
          .toBe(0);
        expect(await end(child)).toBe(0);
        expect((await command('status')).code).toBe(5);
      } finally {
        killGroup(child);
      }
    });

    it('is one that a release takes, and a program that is none is not', async () => {
      const smoke = join(project, 'assets/package/smoke.ts');
      const env = await atScreen();
      const taken = await runProgram(
        process.execPath,
        [smoke, installed('usr/bin/latchkey'), desktop(), ...switches],
        { env },
      );
      expect(taken).toMatchObject({ code: 0 });
      const other = await runProgram(process.execPath, [smoke, program('true', '').path ?? ''], { env });
      expect(other).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('latchkey --version --json ended with 0') as string,
      });
    });

    it('stays where it is with a new version, and goes without a trace', async () => {
      const fresh = root.contents();
      await root.dpkg('--install', packages.deb ?? '');
      expect(root.contents()).toEqual(fresh);
      await root.dpkg('--purge', await field('Package'));
      expect(root.contents()).toEqual(before);
      expect(await root.dpkg('--get-selections')).toBe('');
    });
  });

  describeWith([display, sessionBus], 'an AppImage', () => {
    registerUpdateStory({
      folder: () => folder,
      packages: () => packages,
      releases,
      version,
      switches,
      configuration,
      atScreen,
    });
  });
});

/** Ends it as a session's end does. @returns its exit code */
async function end(child: ChildProcess): Promise<number | null> {
  const ended = once(child, 'exit') as Promise<[number | null]>;
  child.kill('SIGTERM');
  return (await ended)[0];
}

function killGroup(child: ChildProcess): void {
  try {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  } catch {
    // Gone already.
  }
}
