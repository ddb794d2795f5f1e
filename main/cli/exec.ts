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
 * The variables in which the clients of a protocol look for server and login. MySQL's read no user from any, and warn of
 * MYSQL_PWD, since other users could once see the environment of a process.
 *
 * - PostgreSQL docs, "Environment Variables"
 * - MySQL docs, "Environment Variables"; MariaDB reads the same
 * - sqlcmd: "SQLCMDSERVER", "SQLCMDUSER", "SQLCMDPASSWORD", "SQLCMDDBNAME"
 */
function clientVariables({
  protocol,
  host,
  port,
  username,
  database,
  token,
}: IssuedToken): NodeJS.ProcessEnv {
  switch (protocol) {
    case 'postgresql':
      return {
        PGHOST: host,
        PGPORT: String(port),
        PGUSER: username,
        PGDATABASE: database,
        PGPASSWORD: token,
      };
    case 'mysql':
      return { MYSQL_HOST: host, MYSQL_TCP_PORT: String(port), MYSQL_PWD: token };
    case 'sqlserver':
      return {
        SQLCMDSERVER: `tcp:${host},${port}`,
        SQLCMDUSER: username,
        SQLCMDDBNAME: database,
        SQLCMDPASSWORD: token,
      };
  }
}

/**
 * Runs a command with a token of its own in the variables of its protocol, and for scripts in `LATCHKEY_HOST`, `_PORT`,
 * `_USER`, `_DATABASE` and `_PASSWORD` whichever it is. The token goes into this child's environment and nowhere else, and is revoked when the child ends.
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
      ...clientVariables(token),
      LATCHKEY_HOST: token.host,
      LATCHKEY_PORT: String(token.port),
      LATCHKEY_USER: token.username,
      LATCHKEY_DATABASE: token.database,
      LATCHKEY_PASSWORD: token.token,
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
