import { z } from 'zod';
import { caFile, duration, name } from './values.ts';

/** Resources of Azure's databases that need no address, since it follows from the cloud of the provider. */
export const databaseResources = ['postgresql', 'mysql', 'sqlserver'] as const;
export type DatabaseResource = (typeof databaseResources)[number];

const stored = z.strictObject({ stored: name.describe('Set it with: latchkey secret set <name>') });

const entra = z
  .strictObject({
    entra: z
      .string()
      .max(300)
      .regex(
        new RegExp(
          String.raw`^(${databaseResources.join('|')}|(?:https|api)://[^\s/?#@]+(/[^\s?#]*)?/[^\s/?#]+)$`,
        ),
        'must be postgresql, mysql, sqlserver or a scope such as https://database.windows.net/.default or api://<application id>/.default',
      )
      .describe(
        'The kind of Azure database, or the scope of another resource: of the application whose tokens a server takes by OAuth (PostgreSQL 18) or OpenID Connect (MySQL 9.1).',
      ),
    user: z
      .enum(['role', 'person'])
      .default('role')
      .describe(
        'As whom to log in: the role of the rule (an Entra group), or the sign-in name of the person.',
      ),
  })
  .describe('An access token of the person who is signed in; the provider has to be Entra ID.');

const command = z
  .strictObject({
    command: z
      .array(z.string().min(1).max(4096))
      .min(1)
      .max(100)
      .refine(
        ([program = '']) => !/[\\/]/.test(program) || /^(\/|[a-z]:[\\/]|\\\\)/i.test(program),
        'must begin with the full path of a program, or with a name to look for in PATH',
      )
      .describe(
        'Program and arguments, run without a shell; it prints JSON with "Version": 1 and "Password".',
      ),
    timeout: duration(1, 60).default('10s').describe('It is stopped after this long.'),
  })
  .describe('A program that prints the password.');

const vault = z
  .strictObject({
    vault: z.strictObject({
      address: z
        .url({ protocol: /^https?$/ })
        .describe('Address of the server. http is accepted for loopback addresses only.'),
      path: z
        .string()
        .max(500)
        .regex(
          /^(\w[\w.-]*\/)+(creds|static-creds)\/\w[\w.-]*$/,
          'must be <mount>/creds/<role> or <mount>/static-creds/<role>, such as database/creds/readonly',
        )
        .describe('What is read: <mount>/creds/<role> or <mount>/static-creds/<role>.'),
      auth: z.union([
        stored.describe('A token of the server.'),
        z.strictObject({
          appRole: z.strictObject({
            roleId: z.string().min(1).max(500),
            secretId: stored,
            mount: z
              .string()
              .regex(
                /^\w[\w.-]*(\/\w[\w.-]*)*$/,
                'must be the path where AppRole is mounted, such as approle',
              )
              .default('approle'),
          }),
        }),
      ]),
      namespace: z
        .string()
        .regex(/^\w[\w./-]{0,199}$/, 'must be the path of a namespace, such as teams/data')
        .optional(),
      caFile,
    }),
  })
  .describe('User and password from the database secrets of HashiCorp Vault or OpenBao.');

/** Where the credential of a rule comes from: one of four, told apart by its first key. */
export const passwordSource = z.union([stored, entra, command, vault]);

export type PasswordSource = z.output<typeof passwordSource>;
export type CommandSettings = Extract<PasswordSource, { command: unknown }>;
export type VaultSettings = Extract<PasswordSource, { vault: unknown }>['vault'];

/** Names of the stored secrets that a rule needs; each is set with `latchkey secret set`. */
export function storedNames(rule: { password?: PasswordSource | undefined }): string[] {
  const { password } = rule;
  if (password === undefined) return [];
  if ('stored' in password) return [password.stored];
  if (!('vault' in password)) return [];
  const { auth } = password.vault;
  return ['stored' in auth ? auth.stored : auth.appRole.secretId.stored];
}
