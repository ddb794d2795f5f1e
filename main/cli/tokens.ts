import { defined } from '../base/defined.ts';
import { toSeconds } from '../config/duration.ts';
import { inTheWay } from '../connect/client-variables.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { IssuedToken } from '../contract/shapes.ts';
import { connectClient, type Client } from './client.ts';
import { clock, result, shortOption } from './output.ts';
import type { Tools } from './tools.ts';

interface IssueOptions {
  role?: string;
  lifetime?: string;
  short?: boolean;
}

/** `token`, `exec` and `revoke`: passwords that expire, by hand or for one command. */
export function registerTokens({ program, output, run, withClient }: Tools): void {
  program
    .command('token')
    .description('issue a token: the password for your SQL client')
    .argument('<connection>')
    .option('--role <role>', 'where your groups give you several')
    .option('--lifetime <time>', 'shorter than the rule says, for example 5m')
    .option('--short', shortOption)
    .action(
      withClient(async (client, connection: string, options: IssueOptions) => {
        const token = await issueToken(client, connection, options);
        // The token alone on stdout, so that it can be piped; the rest is for the person.
        result(output, 'token', token, token.token);
        if (output.json) return;
        output.err(
          `For ${token.connection} as ${token.role}, good until ${clock(token.expiresAt)}; the password for:\n  ${token.command}`,
        );
        const names = inTheWay(token.protocol, 'parameters', process.env);
        if (names.length > 0)
          output.err(
            `In its way, where this shell has them: ${names.join(', ')}. Unset them, or run: latchkey exec ${token.connection} -- …`,
          );
      }),
    );

  program
    .command('exec')
    .description(
      'run a command with a token of its own in the variables of its protocol (PGPASSWORD and the like) and in LATCHKEY_HOST, _PORT, _USER, _DATABASE, _PASSWORD',
    )
    .argument('<connection>')
    .argument('<command...>')
    .option('--role <role>', 'where your groups give you several')
    .usage('[options] <connection> -- <command...>')
    .action(
      run(
        async (
          { home, as },
          connection: string,
          command: [string, ...string[]],
          options: { role?: string },
        ) => {
          const client = await connectClient(home, as);
          const { exec } = await import('./exec.ts');
          return exec({ client, home, output }, await issueToken(client, connection, options), command);
        },
      ),
    );

  program
    .command('revoke')
    .description('end a token and the database sessions that it opened')
    .argument('[token-id]')
    .option('--all', 'every token', false)
    .action(
      withClient(async (client, id: string | undefined, { all }: { all: boolean }) => {
        if ((id === undefined) !== all)
          throw new LatchkeyError('request-invalid', 'Name a token id, or --all.', {
            remedy: 'See the ids with: latchkey status',
          });
        const { revoked } = await client.call('revokeTokens', id === undefined ? { all: true } : { id });
        result(output, 'revoke', { revoked }, `Revoked: ${revoked}`);
      }),
    );
}

async function issueToken(
  client: Client,
  connection: string,
  { role, lifetime, short }: IssueOptions,
): Promise<IssuedToken> {
  if (lifetime !== undefined && !(/^[1-9]\d{0,5}[smh]$/.test(lifetime) && toSeconds(lifetime) <= 86_400)) {
    throw new LatchkeyError('request-invalid', `"${lifetime}" is no lifetime.`, {
      remedy: 'Write a number and a unit, for example 5m; 24h at most.',
    });
  }
  return client.call('issueToken', {
    connection,
    ...defined({ role, short, lifetimeSeconds: lifetime === undefined ? undefined : toSeconds(lifetime) }),
  });
}
