import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { IssuedToken } from '../contract/shapes.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { currentAuthorityFile } from '../store/local-authority.ts';
import { systemCode } from '../store/system-reason.ts';
import type { Client } from './client.ts';
import { clientStart, type ClientStart } from './exec-environment.ts';
import { failed, type Output } from './output.ts';
import { holdSignals } from './signals.ts';

/**
 * Runs a command with a token of its own in the variables of its protocol, and for scripts in `LATCHKEY_HOST`, `_PORT`,
 * `_USER`, `_DATABASE` and `_PASSWORD` whichever it is. The token goes into this child's environment and nowhere else, and is revoked when the child ends.
 * @param home has the folder for the file of a client whose files beat variables
 * @returns the child's exit code, or 128 + the signal that ended it; as in a shell 127 for a command that is not there,
 *   126 for one that cannot be run.
 */
export async function exec(
  { client, home, output }: { client: Client; home: string; output: Output },
  token: IssuedToken,
  command: [string, ...string[]],
): Promise<number> {
  try {
    const start = await clientStart(token, command, {
      runFolder: join(home, 'run'),
      authorityFile: currentAuthorityFile(home),
    });
    try {
      for (const note of start.notes) output.err(`latchkey: ${note}`);
      return await runChild(command[0], start);
    } catch (thrown) {
      failed(output, thrown);
      return isMissing(thrown instanceof Error ? thrown.cause : undefined) ? 127 : 126;
    } finally {
      await start.close();
    }
  } finally {
    // The broker may have gone, or the token expired in a long session: neither is this command's failure.
    await client.call('revokeTokens', { id: token.id }).catch(() => undefined);
  }
}

/** @throws LatchkeyError `command-failed`, caused by the system's error, where it cannot be started */
async function runChild(command: string, { parameters, environment }: ClientStart): Promise<number> {
  const signals = holdSignals();
  try {
    const child = spawn(command, parameters, { stdio: 'inherit', env: environment });
    signals.passTo(child);
    return await new Promise<number>((resolve, reject) => {
      child.once('error', (cause: NodeJS.ErrnoException) => {
        const missing = isMissing(cause);
        const why = missing ? 'was not found' : `cannot be started (${cause.code})`;
        const remedy = missing ? 'Check its name and your PATH.' : 'Check that you may run it: ls -l.';
        reject(new LatchkeyError('command-failed', `The command "${command}" ${why}.`, { remedy, cause }));
      });
      child.once('exit', (code, signal) =>
        resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]),
      );
    });
  } finally {
    signals.close();
  }
}

function isMissing(cause: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(systemCode(cause) ?? '');
}
