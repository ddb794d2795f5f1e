import type { MadeHandle } from '../core/handle-desk.ts';
import type { HandleState } from '../contract/state.ts';
import { clock, plain, result } from './output.ts';
import type { Tools } from './tools.ts';

/** `handle`: passwords that a tool may save. */
export function registerHandles({ program, output, withClient }: Tools): void {
  const handle = program
    .command('handle')
    .description('passwords that a tool may save: each login with one takes your live session');
  handle
    .command('make')
    .description('make a handle; it is printed this once')
    .argument('<connection>')
    .option('--tool <name>', 'what it is for, as you call it', 'a tool')
    .option('--role <role>', 'where your groups give you several')
    .action(
      withClient(async (client, connection: string, { tool, role }: { tool: string; role?: string }) => {
        const made = (await client.post('/v1/handles', {
          connection,
          tool,
          ...(role === undefined ? {} : { role }),
        })) as MadeHandle;
        // Alone on stdout, so that it can be piped; the rest is for the person.
        result(output, made, made.handle);
        if (!output.json) {
          output.err(
            `Save it as the password of ${made.username} on ${made.host}:${made.port}, database ${made.database}. At its first login you are asked to allow the program, and then no other can use it.`,
          );
        }
      }),
    );
  handle
    .command('list')
    .description('the handles of this installation')
    .action(
      withClient(async (client) => {
        const { handles } = (await client.state()).state;
        result(output, handles, handles.map(describeHandle).join('\n') || 'There are no handles.');
      }),
    );
  handle
    .command('revoke')
    .description('end a handle and the database sessions that it opened')
    .argument('<handle-id>')
    .action(
      withClient(async (client, id: string) => {
        await client.post('/v1/handles/revoke', { id });
        result(output, { revoked: id }, 'The handle has been revoked.');
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
  boundTo,
  lastUsedAt,
}: HandleState): string {
  const parts = [
    `"${plain(tool)}" on ${connection}${role === undefined ? '' : ` as ${role}`} for ${plain(username)}`,
    `made ${clock(createdAt)}`,
    boundTo === undefined ? 'bound to no program yet' : `for ${plain(boundTo)} only`,
    ...(lastUsedAt === undefined ? [] : [`last used ${clock(lastUsedAt)}`]),
  ];
  return `${id}  ${parts.join(', ')}`;
}
