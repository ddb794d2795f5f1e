import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { registerCertificate, trust, trustCommand } from '../../main/cli/certificate.ts';
import { failed } from '../../main/cli/output.ts';
import { jsonLine } from '../../main/cli/printed.ts';
import type { Globals, Tools } from '../../main/cli/tools.ts';
import { createMemorySeal } from '../../main/store/seal.ts';
import { createSecretStore } from '../../main/store/secret-store.ts';
import { openLocalAuthority } from '../../main/store/local-authority.ts';
import { describeWith, program } from '../support/parts.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';
import { noOrganisation, ownFile } from '../support/layers.ts';

const newFolder = useTemporaryFolders();
const isLinux = process.platform === 'linux';

/** The commands alone, as the program registers them. */
async function latchkey(home: string, ...args: string[]) {
  const texts = { out: '', err: '' };
  let code = 0;
  const output = {
    json: args.includes('--json') && jsonLine,
    out: (text: string) => void (texts.out += `${text}\n`),
    err: (text: string) => void (texts.err += `${text}\n`),
  };
  const program = new Command('latchkey').exitOverride().option('--home <folder>').option('--json');
  const run: Tools['run'] =
    (body) =>
    async (...parameters) => {
      const command = parameters.at(-1) as Command;
      try {
        const rest = parameters.slice(0, -1) as never[];
        code = (await body(command.optsWithGlobals() as Globals, ...rest)) ?? 0;
      } catch (error) {
        code = failed(output, error);
      }
    };
  const { signal } = new AbortController();
  registerCertificate({
    program,
    output,
    signal,
    organisation: noOrganisation,
    workerUrl: undefined,
    source: async ({ config }) => ownFile(config),
    run,
    withClient: () => run(async () => undefined),
  });
  await program.parseAsync([...args, '--home', home], { from: 'user' });
  return { code, ...texts };
}

async function authorityIn(home: string, lasting = true) {
  const secrets = createSecretStore({ folder: join(home, 'sealed'), seal: createMemorySeal('a test') });
  return openLocalAuthority({ secrets, home, lasting });
}

test('show: where it is, whose it is, how long', async () => {
  const home = await newFolder();
  const { authority, authorityFile } = await authorityIn(home);
  const { fingerprint256, subject, validFromDate, validToDate } = new X509Certificate(authority);
  const { code, out, err } = await latchkey(home, 'certificate', 'show');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out.split('\n')[0]).toMatch(/^"Latchkey local authority [0-9a-f]{8}"$/);
  for (const part of [authorityFile, fingerprint256, validToDate.toISOString().slice(0, 10), 'localhost'])
    expect(out).toContain(part);
  expect(out).not.toContain('every start');

  expect(JSON.parse((await latchkey(home, 'certificate', 'show', '--json')).out)).toEqual({
    schemaVersion: 2,
    file: authorityFile,
    subject,
    sha256: fingerprint256,
    validFrom: validFromDate.toISOString(),
    validTo: validToDate.toISOString(),
    lasting: true,
  });
});

test('show: an authority that ends with its process says so', async () => {
  const home = await newFolder();
  await authorityIn(home, false);
  expect((await latchkey(home, 'certificate', 'show')).out).toContain('makes a new authority at every start');
  expect(JSON.parse((await latchkey(home, 'certificate', 'show', '--json')).out)).toMatchObject({
    lasting: false,
  });
});

test('pem: the certificate and nothing else', async () => {
  const home = await newFolder();
  const { authority } = await authorityIn(home);
  expect(await latchkey(home, 'certificate', 'pem')).toEqual({ code: 0, out: authority, err: '' });
});

test('a home without one, and a file that is none, are sentences', async () => {
  const home = await newFolder();
  for (const command of ['show', 'pem', 'install']) {
    const { code, out, err } = await latchkey(home, 'certificate', command);
    expect({ code, out }).toEqual({ code: 5, out: '' });
    expect(err).toContain(`There is no certificate authority in ${home} yet.`);
    expect(err).toContain('Start Latchkey on this folder once');
  }
  await mkdir(join(home, 'certificates'));
  await writeFile(join(home, 'certificates', 'latchkey-ca.pem'), 'no certificate');
  const { code, err } = await latchkey(home, 'certificate', 'show');
  expect(code).toBe(1);
  expect(err).toContain('is not a certificate');
});

test('macOS and Windows: the authorities of this user, for a file whatever its name', async () => {
  const home = await newFolder();
  const { authority } = await authorityIn(home);
  const certificate = new X509Certificate(authority);
  const file = "/Users/ann o'neil/latchkey-ca.pem";
  expect(trustCommand('darwin', { file, certificate })).toMatchObject({
    program: '/usr/bin/security',
    parameters: ['add-trusted-cert', '-r', 'trustRoot', '-p', 'ssl', file],
    undo: `security remove-trusted-cert '/Users/ann o'\\''neil/latchkey-ca.pem'`,
  });
  const windows = trustCommand('win32', { file: 'C:\\Users\\Ann\\latchkey-ca.pem', certificate });
  expect(windows?.parameters).toEqual(['-user', '-addstore', 'Root', 'C:\\Users\\Ann\\latchkey-ca.pem']);
  expect(windows?.undo).toMatch(/^certutil -user -delstore Root [0-9A-F]{40}$/);
  expect(trustCommand('linux', { file, certificate })).toBeUndefined();
});

test('what the tool of the system says is told, in one line', async () => {
  const rest = { where: '', undo: '' };
  const node = (code: string) => ({ program: process.execPath, parameters: ['-e', code], ...rest });
  await trust(node(''));
  await expect(
    trust(
      node(
        `console.error('SecTrustSettings: The authorization was canceled by the user.\\nmore'); process.exit(1)`,
      ),
    ),
  ).rejects.toMatchObject({
    code: 'command-failed',
    message:
      'The system did not take the certificate. SecTrustSettings: The authorization was canceled by the user.',
  });
  await expect(trust({ program: 'latchkey-no-such-program', parameters: [], ...rest })).rejects.toMatchObject(
    {
      code: 'command-failed',
      message: 'The system did not take the certificate.',
    },
  );
});

const node = { name: 'Linux', path: isLinux ? process.execPath : undefined, remedy: 'run on Linux' };
const bash = program('bash', 'install the package bash');
const ca = program('update-ca-certificates', 'install the package ca-certificates', ['/usr/sbin']);

describeWith([node, bash], 'install on Linux', () => {
  test('asks nothing, changes nothing, and says what to do', async () => {
    const home = await newFolder();
    const { authorityFile } = await authorityIn(home);
    const { code, out, err } = await latchkey(home, 'certificate', 'install');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`PGSSLROOTCERT=${authorityFile}`);
    expect(out).toContain('Only root can change');
    expect(JSON.parse((await latchkey(home, 'certificate', 'install', '--json')).out)).toMatchObject({
      installed: false,
      file: authorityFile,
      commands: { fedora: [expect.any(String), 'sudo update-ca-trust'] },
    });
  });

  describeWith([ca], 'the printed commands', () => {
    test('do what they say, for a home whose name needs quotes', async () => {
      const home = join(await newFolder(), "Ann's state");
      await mkdir(home);
      const { authority } = await authorityIn(home);
      const target = await newFolder();
      const { commands } = JSON.parse((await latchkey(home, 'certificate', 'install', '--json')).out) as {
        commands: { debian: string[] };
      };
      // The computer's own list stays as it is: the same commands, on a list of the test.
      const script = commands.debian
        .join('\n')
        .replaceAll('sudo ', '')
        .replace('/usr/local/share/ca-certificates', `${target}/local`)
        .replace(
          'update-ca-certificates',
          `${ca.path} --localcertsdir ${target}/local --etccertsdir ${target}/etc --hooksdir ${target}/hooks`,
        );
      await mkdir(join(target, 'local'));
      await mkdir(join(target, 'etc'));
      await mkdir(join(target, 'hooks'));
      const { status, stderr } = spawnSync(bash.path ?? '', ['-e', '-c', script], { encoding: 'utf8' });
      expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
      const list = await readFile(join(target, 'etc', 'ca-certificates.crt'), 'utf8');
      expect(list).toContain(authority.trim());
    });
  });
});
