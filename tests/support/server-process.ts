import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Account {
  uid?: number;
  gid?: number;
}

export const serverEnvironment = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' };

/** Database servers refuse to run as root: there they run as the system's own user for them. */
export function serverAccount(user: string): Account {
  if (process.getuid?.() !== 0) return {};
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[0] === user);
  if (entry === undefined) throw new Error(`running as root needs a user "${user}" for the server`);
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}

export function own(path: string, { uid, gid }: Account): void {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

/** A folder of the server's own, and files that only it may read. */
export function serverFolder(prefix: string, account: Account) {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  own(folder, account);
  return {
    folder,
    put(name: string, text: string): string {
      const path = join(folder, name);
      writeFileSync(path, text, { mode: 0o600 });
      own(path, account);
      return path;
    },
  };
}

export interface ServerProcess {
  /** Starts it; resolves when it answers. */
  start(): Promise<void>;
  stop(signal: NodeJS.Signals): Promise<void>;
  /** Stops it and removes its folder. */
  close(signal: NodeJS.Signals): Promise<void>;
}

/** A server that runs in its folder until it is stopped, or by this signal until the tests end. */
export function serverProcess(
  words: [program: string, ...args: string[]],
  {
    account,
    folder,
    lastSignal,
    answers,
  }: { account: Account; folder: string; lastSignal: NodeJS.Signals; answers(): Promise<unknown> },
): ServerProcess {
  const [program, ...args] = words;
  let child: ChildProcess | undefined;
  const killOnExit = (): void => void child?.kill(lastSignal);
  process.once('exit', killOnExit);

  async function stop(signal: NodeJS.Signals): Promise<void> {
    const server = child;
    child = undefined;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await ended;
  }

  return {
    async start() {
      let log = '';
      const server = spawn(program, args, {
        ...account,
        env: serverEnvironment,
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      child = server;
      server.stderr?.setEncoding('utf8').on('data', (text: string) => {
        log = (log + text).slice(-20_000);
      });
      const deadline = Date.now() + 60_000;
      for (;;) {
        if (server.exitCode !== null) throw new Error(`${program} ended at once:\n${log}`);
        const isReady = await answers().then(
          () => true,
          () => false,
        );
        if (isReady) return;
        if (Date.now() > deadline) throw new Error(`${program} did not answer in 60 s:\n${log}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    stop,
    async close(signal) {
      await stop(signal);
      process.removeListener('exit', killOnExit);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
