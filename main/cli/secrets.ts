import { administer, setUp, type Administrator } from './administer.ts';
import { connectClient } from './client.ts';
import { result } from './output.ts';
import { readSecret } from './secret-input.ts';
import type { Tools } from './tools.ts';

/** `secret`: the passwords that the configuration names. */
export function registerSecrets({ program, output, signal, run, withClient }: Tools): void {
  const secret = program
    .command('secret')
    .description('passwords of database roles, which the configuration names');
  secret
    .command('set')
    .description(
      'store a password: typed in, or from standard input; in place of another it takes your second factor',
    )
    .argument('<name>')
    .action(
      run(async ({ home, as }, name: string) => {
        const client = await connectClient(home, as);
        const value = await readSecret(`Password "${name}"`);
        await storeSecret({ client, output, signal }, home, { name, value });
        result(output, 'secret set', { stored: name }, `Stored "${name}".`);
      }),
    );
  secret
    .command('delete')
    .description('forget a password')
    .argument('<name>')
    .action(
      withClient(async (client, name: string) => {
        await administer({ client, output, signal }, 'storeSecret', { name, value: null });
        result(output, 'secret delete', { deleted: name }, `Forgot "${name}".`);
      }),
    );
  secret
    .command('list')
    .description('which passwords the configuration names, and whether each is stored')
    .action(
      withClient(async (client) => {
        const { passwords } = await client.call('listSecrets', {});
        result(
          output,
          'secret list',
          { passwords },
          passwords.map(({ name, stored }) => `${name}  ${stored ? 'stored' : 'MISSING'}`).join('\n') ||
            'The configuration names no passwords.',
        );
      }),
    );
}

/** The first one is part of setting Latchkey up; another in its place takes a person. */
export async function storeSecret(
  administrator: Administrator,
  home: string,
  secret: { name: string; value: string },
): Promise<void> {
  const { passwords } = await administrator.client.call('listSecrets', {});
  const isStored = passwords.some(({ name, stored }) => name === secret.name && stored);
  if (isStored) await administer(administrator, 'storeSecret', secret);
  else await setUp(administrator, home, 'storeSecret', secret);
}
