import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { program } from './parts.ts';

export interface BootedSystemd {
  /** Runs a program in there, as root. @param input of its standard input */
  run(command: readonly string[], input?: string): Promise<{ code: number | null; out: string }>;
  close(): Promise<void>;
}

const utilLinux = 'install the package util-linux';
const path = `${process.env['PATH']}:/usr/sbin:/usr/bin:/sbin:/bin`;
const unshare = program('unshare', utilLinux);
const nsenter = program('nsenter', utilLinux);
/** For one command in there. */
const runMs = 60_000;
const namespaces = ['--mount', '--pid', '--net', '--cgroup', '--uts', '--ipc'];

/**
 * Over this system as it is, so that what is written there is gone afterwards. Mounts are shared, as on a computer that
 * has been started: systemd hands credentials over by one. This computer's own services, disks, kernel settings and modules are
 * kept out of it, and its network.
 */
const boot = `set -e
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mkdir -p "$1/root/opt/latchkey"
mount --rbind "$2" "$1/root/opt/latchkey"
touch "$1/root/usr/bin/node"
mount --bind "$3" "$1/root/usr/bin/node"
kind=$(stat -fc %T /sys/fs/cgroup)
cd "$1/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
rm -rf etc/systemd/system/*.wants lib/systemd/system-generators/*
: > etc/fstab
ip link set lo up
mount -t tmpfs -o mode=755 tmpfs run
mount --rbind /dev dev
mount -t sysfs -o ro sysfs sys
if [ "$kind" = cgroup2fs ]; then
  mount -t cgroup2 cgroup2 sys/fs/cgroup
else
  mount -t tmpfs tmpfs sys/fs/cgroup
  mkdir sys/fs/cgroup/unified sys/fs/cgroup/systemd
  mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
  mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
fi
mkdir before
pivot_root . before
umount -l /before
mount --make-rshared /
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin setpriv --bounding-set=-sys_module,-sys_time,-sys_rawio /lib/systemd/systemd --system --unit=basic.target`;

/**
 * Starts systemd as the first process of namespaces of its own.
 * @param programs the built product, which lies in /opt/latchkey there; /usr/bin/node is this Node.js
 * @returns why it cannot be had, where it cannot: it wants root, namespaces, iproute2, and an overlay of the root file system
 */
export async function bootSystemd(programs: string): Promise<BootedSystemd | { missing: string }> {
  const { path: start } = unshare;
  const { path: enter } = nsenter;
  if (start === undefined || enter === undefined) return { missing: utilLinux };
  if (process.getuid?.() !== 0) return { missing: 'systemd is booted by root alone' };
  const folder = mkdtempSync(join(tmpdir(), 'lk-systemd-'));
  const script = ['sh', '-c', boot, 'boot', folder, programs, process.execPath];
  const child = spawn(start, [...namespaces, '--fork', '--kill-child', ...script], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: path },
  });
  const ended = once(child, 'exit');
  const said = text(child.stderr);

  const run: BootedSystemd['run'] = async (parameters, input = '') => {
    const first = firstProcess(child.pid);
    if (first === undefined) return { code: null, out: 'systemd has ended' };
    const inside = spawn(enter, ['-t', first, ...namespaces, ...parameters], {
      timeout: runMs,
      env: { PATH: path },
    });
    inside.stdin.on('error', () => undefined).end(input);
    const [out, error, [code]] = await Promise.all([
      text(inside.stdout),
      text(inside.stderr),
      once(inside, 'exit') as Promise<[number | null]>,
    ]);
    return { code, out: out + error };
  };

  async function close(): Promise<void> {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }

  for (let tries = 0; tries < 100 && child.exitCode === null; tries += 1) {
    const { out } = await run(['systemctl', 'is-system-running']);
    if (/^(?:running|degraded)$/m.test(out)) return { run, close };
    await Promise.race([wait(300), ended]);
  }
  await close();
  return { missing: `systemd could not be booted: ${(await said).trim()}` };
}

/** The number by which this computer knows the first process of the namespaces. */
function firstProcess(outer: number | undefined): string | undefined {
  const { stdout } = spawnSync('pgrep', ['--parent', String(outer), '--exact', 'systemd'], {
    encoding: 'utf8',
  });
  return stdout.trim() === '' ? undefined : stdout.trim();
}
