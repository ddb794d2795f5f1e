import { spawn } from 'node:child_process';
import { LatchkeyError } from '../contract/errors.ts';
import { httpsAddress } from '../contract/https-address.ts';

/** The program of each system that hands an address to the user's browser. */
const openers: Partial<Record<NodeJS.Platform, [string, ...string[]]>> = {
  darwin: ['open'],
  // Not `cmd /c start`, which would read "&" in the address as the end of a command.
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/**
 * Opens an https address in the system's browser, for a process without Electron.
 * @throws LatchkeyError `command-failed` where there is none.
 */
export async function openBrowser(address: string): Promise<void> {
  const url = httpsAddress(address);
  const [command, ...parameters] = openers[process.platform] ?? ['xdg-open'];
  await new Promise<void>((resolve, reject) => {
    const child = spawn(command, [...parameters, url], { stdio: 'ignore', detached: true });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`exit code ${code}`))));
  }).catch((cause: unknown) => {
    throw new LatchkeyError('command-failed', 'No browser could be opened on this computer.', {
      remedy: 'Sign in with a device code instead: latchkey login --device-code',
      cause,
    });
  });
}
