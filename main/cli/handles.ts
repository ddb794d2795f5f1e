import { defined } from '../base/defined.ts';
import type { HandleState } from '../contract/state.ts';
import { clock, plain, result, shortOption } from './output.ts';
import type { Tools } from './tools.ts';

interface MakeOptions {
  tool: string;
  role?: string;
  short?: boolean;
}

/** `saved-password`, which was `handle` once: passwords that a tool may save. */
export function registerHandles({ program, output, withClient }: Tools): void {
  const handle = program
    .command('saved-password')
    .alias('handle')
    .description('passwords that a tool may save: each login with one takes your live session');
  handle
    .command('make')
    .description('make one; it is printed this once')
    .argument('<connection>')
    .option('--tool <name>', 'what it is for, as you call it', 'a tool')
    .option('--role <role>', 'where your groups give you several')
    .option('--short', shortOption)
    .action(
      withClient(async (client, connection: string, { tool, role, short }: MakeOptions) => {
        const made = await client.call('makeHandle', { connection, tool, ...defined({ role, short }) });
        // Alone on stdout, so that it can be piped; the rest is for the person.
        result(output, 'saved-password make', made, made.handle);
        if (!output.json) {
          output.err(
            `Save it as the password of ${made.username} on ${made.host}:${made.port}, database ${made.database}. It is good until ${clock(made.expiresAt)}. At its first login you are asked to allow the program, and then no other can use it.`,
          );
        }
      }),
    );
  handle
    .command('list')
    .description('the saved passwords of this installation')
    .action(
      withClient(async (client) => {
        const { handles } = (await client.state()).state;
        const human = handles.map(describeHandle).join('\n') || 'There are no saved passwords.';
        result(output, 'saved-password list', { handles }, human);
      }),
    );
  handle
    .command('revoke')
    .description('end one and the database sessions that it opened')
    .argument('<id>')
    .action(
      withClient(async (client, id: string) => {
        await client.call('revokeHandle', { id });
        result(output, 'saved-password revoke', { revoked: id }, 'The saved password has been revoked.');
      }),
    );
}

export function describeHandle({
  id,
  tool,
  connection,
  role,
  username,
  createdAt,
  expiresAt,
  boundTo,
  lastUsedAt,
}: HandleState): string {
  const parts = [
    `"${plain(tool)}" on ${connection}${role === undefined ? '' : ` as ${role}`} for ${plain(username)}`,
    `made ${clock(createdAt)}`,
    Date.parse(expiresAt) > Date.now() ? `good until ${clock(expiresAt)}` : `EXPIRED ${clock(expiresAt)}`,
    boundTo === undefined ? 'bound to no program yet' : `for ${plain(boundTo)} only`,
    ...(lastUsedAt === undefined ? [] : [`last used ${clock(lastUsedAt)}`]),
  ];
  return `${id}  ${parts.join(', ')}`;
}
