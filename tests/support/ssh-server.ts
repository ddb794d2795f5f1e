import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { program } from './parts.ts';
import { portAnswers } from './port-answers.ts';

export const sshParts = [
  program('sshd', 'install the package openssh-server', ['/usr/sbin']),
  program('ssh', 'install the package openssh-client'),
];

export interface SshServer {
  /** A folder to put in front of PATH, whose `ssh` knows the server as "bastion", and as "stranger" with another key. */
  path: string;
  log(): string;
  close(): void;
}

/** OpenSSH's own server at a high port, that lets this user in by a key. */
export async function startSshServer(): Promise<SshServer> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-ssh-'));
  const at = (name: string): string => join(folder, name);
  const put = (name: string, lines: string[], mode = 0o600): void =>
    writeFileSync(at(name), `${lines.join('\n')}\n`, { mode });
  for (const name of ['host', 'user', 'other'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)]);
  const port = await freePort();
  put('authorized', [readFileSync(at('user.pub'), 'utf8')]);
  put('sshd_config', [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${at('host')}`,
    `AuthorizedKeysFile ${at('authorized')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PidFile none',
  ]);
  put('known', [`[127.0.0.1]:${port} ${readFileSync(at('host.pub'), 'utf8')}`]);
  put('config', [
    'Host bastion stranger',
    '  HostName 127.0.0.1',
    `  Port ${port}`,
    `  User ${userInfo().username}`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile ${at('known')}`,
    'Host bastion',
    `  IdentityFile ${at('user')}`,
    'Host stranger',
    `  IdentityFile ${at('other')}`,
  ]);
  mkdirSync(at('bin'));
  put('bin/ssh', ['#!/bin/sh', `exec ${sshParts[1]?.path} -F ${at('config')} "$@"`], 0o755);
  chmodSync(at('bin/ssh'), 0o755);
  // Where the server's unprivileged part is put when it runs as root.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  let log = '';
  const child: ChildProcess = spawn(sshParts[0]?.path ?? '', ['-D', '-e', '-f', at('sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text));
  await portAnswers(port, () => (child.exitCode === null ? undefined : `sshd does not start:\n${log}`));
  return {
    path: at('bin'),
    log: () => log,
    close() {
      child.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
