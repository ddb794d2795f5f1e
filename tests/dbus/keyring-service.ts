import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import { connectSessionBus } from '../../main/dbus/bus.ts';
import { watchKeyring } from '../../main/desktop/keyring.ts';
import { program } from '../support/parts.ts';

export const keyringDaemon = program('gnome-keyring-daemon', 'install the package gnome-keyring');

/** GNOME's keyring on that bus, until it answers, open or locked (the first start makes it, and has to be an open one). `close` waits until it has gone. */
export async function startKeyringService(
  env: NodeJS.ProcessEnv,
  isOpen: boolean,
): Promise<{ kill(signal: NodeJS.Signals): void; close(): Promise<void> }> {
  const how = isOpen ? ['--unlock'] : [];
  const daemon = spawn(keyringDaemon.path ?? '', ['--foreground', '--components=secrets', ...how], {
    env,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const gone = once(daemon, 'exit');
  daemon.stdin.end(isOpen ? 'password' : '');
  const state = async (): Promise<string | undefined> => {
    const keyring = await watchKeyring(() => connectSessionBus(env));
    keyring?.close();
    return keyring?.state;
  };
  await expect.poll(state).toBe(isOpen ? 'open' : 'locked');
  return {
    kill: (signal) => void daemon.kill(signal),
    async close() {
      daemon.kill();
      await gone;
    },
  };
}
