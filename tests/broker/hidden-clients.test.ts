import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Check } from '../../main/contract/shapes.ts';
import { createCommandLine, firstLine, type CommandLine } from '../../main/demo/command-line.ts';
import { buildCommand } from '../support/builds.ts';
import { freePort } from '../support/free-port.ts';
import { connect, refusalOf, soon } from '../support/latchkey.ts';
import { otherUser } from '../support/other-user.ts';
import { describeWith, program } from '../support/parts.ts';
import { withoutNetlink } from '../support/without-netlink.ts';

const unshare = program('unshare', 'install the package util-linux');
const setpriv = program('setpriv', 'install the package util-linux');
/** A /proc that shows processes only, as systemd's ProcSubset=pid makes it; netlink is kept from the broker beside. */
const isolated = [
  ...(process.getuid?.() === 0 ? [] : ['sudo', '-n']),
  unshare.path ?? '',
  '--kill-child',
  '-pfm',
  'sh',
  '-c',
  'mount -t proc -o subset=pid proc /proc && exec "$@"',
  'sh',
  setpriv.path ?? '',
  `--reuid=${process.getuid?.()}`,
  `--regid=${process.getgid?.()}`,
  '--clear-groups',
];

/** sudo passes nothing on by itself. */
const passed = ['PATH', 'HOME', 'LATCHKEY_HOME', 'LATCHKEY_CONFIG'];

describeWith(
  [unshare, setpriv, otherUser.part, withoutNetlink.part],
  'a broker whose system does not tell whose a client is',
  () => {
    let folder: string;
    let port: number;
    let commandLine: CommandLine;
    let serve: ChildProcess;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'lk-hidden-'));
      const [home, config, key] = ['home', 'latchkey.yaml', 'key'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      port = await freePort();
      await writeFile(key, randomBytes(32).toString('base64'), { mode: 0o600 });
      await writeFile(
        config,
        JSON.stringify({
          providers: [
            {
              name: 'fabrikam',
              type: 'azure-directory',
              authority: 'https://login.microsoftonline.com/f4b1ca00-0000-4000-8000-000000000001',
              applicationId: 'f4b1ca00-0000-4000-8000-00000000c11e',
              enabled: false,
            },
          ],
          connections: [
            {
              name: 'sales',
              protocol: 'postgresql',
              port,
              upstream: { host: '127.0.0.1', port: 9, database: 'sales', tls: { mode: 'off' } },
              rules: [
                {
                  group: 'f4b1ca00-0000-4000-8000-00000000d00d',
                  role: 'reader',
                  password: { stored: 'reader' },
                },
              ],
            },
          ],
        }),
      );
      const command = await buildCommand();
      commandLine = createCommandLine(home, config, [process.execPath, command]);
      const environment = [
        ...passed.map((name) => `${name}=${commandLine.env[name] ?? ''}`),
        withoutNetlink.variable(),
      ];
      const [first = '', ...prefix] = isolated;
      serve = spawn(
        first,
        [...prefix, 'env', '-i', ...environment, process.execPath, command, 'serve', '--key-file', key],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      await firstLine(serve);
    });
    afterAll(async () => {
      serve.kill('SIGKILL');
      if (serve.exitCode === null && serve.signalCode === null) await once(serve, 'exit');
      await rm(folder, { recursive: true, force: true });
    });

    it('says so at the start', async () => {
      const log = (): Promise<string> => readFile(join(folder, 'home/log/latchkey.log'), 'utf8');
      await expect.poll(log, soon).toMatch(/Logins over TCP are refused\. .*ProcSubset=all/);
    });

    it('says so to who asks the doctor', async () => {
      const { out, code } = await commandLine.run(['doctor', '--json']);
      expect(code).not.toBe(0);
      const { checks } = JSON.parse(out) as { checks: Check[] };
      expect(checks.find(({ name }) => name === 'owner of clients')).toMatchObject({
        result: 'failed',
        message: expect.stringMatching(/^Logins over TCP are refused\. /) as string,
        remedy: expect.stringContaining('ProcSubset=all') as string,
      });
    });

    it('says so to the client, and never that it serves another user', async () => {
      const token = { host: '127.0.0.1', port, username: 'ada', database: 'sales', token: 'lk_unknown' };
      const refusal = await refusalOf(connect(token as Parameters<typeof connect>[0]));
      expect(refusal.message).toContain('/proc/net/tcp');
      expect(refusal.message).not.toContain('another user');
    });
  },
);
