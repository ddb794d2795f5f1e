import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { IssuedToken } from '../core/token-issue.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { Client } from './client.ts';

/**
 * What a person may have set for another server: these would lead libpq past the gateway, or ask it for TLS, which it
 * does not offer on loopback (PostgreSQL docs, "Environment Variables").
 */
const misleading = new Set([
  'PGSERVICE',
  'PGSERVICEFILE',
  'PGHOSTADDR',
  'PGPASSFILE',
  'PGSSLMODE',
  'PGREQUIRESSL',
  'PGSSLNEGOTIATION',
  'PGGSSENCMODE',
  'PGCHANNELBINDING',
  'PGREQUIREAUTH',
]);

/**
 * Runs a command with a token of its own in the variables that libpq and its kin read (PostgreSQL docs, "Environment
 * Variables"). The token goes into this child's environment and nowhere else, and is revoked when the child ends.
 * @returns the child's exit code, or 128 + the signal that ended it.
 */
export async function exec(
  client: Client,
  token: IssuedToken,
  command: string,
  parameters: string[],
): Promise<number> {
  const child = spawn(command, parameters, {
    stdio: 'inherit',
    env: {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !misleading.has(name))),
      PGHOST: token.host,
      PGPORT: String(token.port),
      PGUSER: token.username,
      PGDATABASE: token.database,
      PGPASSWORD: token.token,
    },
  });
  // Ctrl-C reaches the child from the terminal by itself; we only must not die before it does.
  const ignore = (): void => undefined;
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', ignore).on('SIGTERM', forward).on('SIGHUP', forward);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', (cause: NodeJS.ErrnoException) => {
        const why = cause.code === 'ENOENT' ? 'was not found' : `cannot be started (${cause.code})`;
        reject(
          new LatchkeyError('command-failed', `The command "${command}" ${why}.`, {
            remedy: 'Check its name and your PATH.',
            cause,
          }),
        );
      });
      child.once('exit', (code, signal) =>
        resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]),
      );
    });
  } finally {
    process.off('SIGINT', ignore).off('SIGTERM', forward).off('SIGHUP', forward);
    // The broker may have gone, or the token expired in a long session: neither is this command's failure.
    await client.post('/v1/tokens/revoke', { id: token.id }).catch(() => undefined);
  }
}
