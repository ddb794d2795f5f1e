import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { program } from '../support/parts.ts';

export const dbusParts = {
  daemon: program('dbus-daemon', 'install the package dbus-daemon'),
  python: program('python3', 'install the packages python3-dbus and python3-gi'),
};

/** It starts no services by itself, so that a test has those that it starts. */
const configuration = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>`;

/** A session bus of a test's own. */
export async function startBus(): Promise<{ env: NodeJS.ProcessEnv; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bus-'));
  const file = join(folder, 'bus.conf');
  await writeFile(file, configuration);
  const daemon = spawn(
    dbusParts.daemon.path ?? '',
    [`--config-file=${file}`, '--nofork', '--print-address=1'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const [line] = (await once(createInterface({ input: daemon.stdout }), 'line')) as [string];
  return {
    env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: line },
    async close() {
      daemon.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface StandIn {
  /** What it has said, oldest first. */
  said: Record<string, unknown>[];
  tell(line: string): void;
  close(): Promise<void>;
}

/** Runs a Python program of this folder on that bus, until it has said that it is ready. */
export async function startStandIn(file: string, args: string[], env: NodeJS.ProcessEnv): Promise<StandIn> {
  const child: ChildProcess & { stdin: NodeJS.WritableStream; stdout: NodeJS.ReadableStream } = spawn(
    // Debian's own, as the packages are for that one alone.
    '/usr/bin/python3',
    [`${import.meta.dirname}/${file}`, ...args],
    { env, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const said: Record<string, unknown>[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => said.push(JSON.parse(line) as Record<string, unknown>));
  await once(lines, 'line');
  return {
    said,
    tell: (line) => void child.stdin.write(`${line}\n`),
    async close() {
      const gone = once(child, 'exit');
      child.kill();
      await gone;
    },
  };
}
