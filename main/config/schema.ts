import { z } from 'zod';
import { cloudNames, factorNames, signInWays } from '../contract/clouds.ts';
import { protocolNames } from '../contract/protocols.ts';
import { passwordSource } from './password-source.ts';
import { duration, name } from './values.ts';

/**
 * The configuration file: which directory people sign in to, which databases there are, and which group may use
 * which role of which database. It holds no secret: passwords are named, and typed in with `latchkey secret set`, or come
 * from elsewhere at each login.
 * The JSON Schema for editors (assets/latchkey.schema.json) is made from this value.
 */

export { toSeconds } from './values.ts';

const guid = z
  .string()
  .regex(
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
    'must be an id such as 1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2',
  )
  .transform((text) => text.toLowerCase());

const listenPort = z.number().int().min(1024, 'ports below 1024 belong to the system').max(65535);

const azureDirectory = z
  .strictObject({
    name: name.describe('Names the provider in screens, commands and the audit.'),
    type: z.literal('azure-directory'),
    cloud: z
      .enum(cloudNames)
      .default('global')
      .describe('Which Microsoft cloud. "local" is the local tenant for tests: loopback addresses only.'),
    authority: z
      .url({
        protocol: /^https$/,
        error: 'must be an https address such as https://login.microsoftonline.com/<tenant id>',
      })
      .describe(
        "The OAuth authority of the tenant: the cloud's sign-in address and the tenant id or domain.",
      ),
    applicationId: guid.describe('Application (client) id of the app registration.'),
    resource: z
      .url({ protocol: /^https$/ })
      .optional()
      .describe('The Graph resource; by default that of the cloud.'),
    caFile: z
      .string()
      .min(1)
      .optional()
      .describe('Only with cloud "local": the certificate authority that the local tenant printed.'),
    enabled: z.boolean().default(true),
    domains: z
      .array(
        z
          .string()
          .toLowerCase()
          .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'must be a domain such as fabrikam.com'),
      )
      .max(200)
      .default([])
      .describe('Whose sign-in names belong here; with an empty list everybody whom the tenant knows.'),
    signIn: z
      .array(z.enum(signInWays))
      .min(1)
      .max(2)
      .default(['device-code', 'browser'])
      .describe('Ways to sign in; the first is the one that is offered at once.'),
    redirectService: z
      .url({ protocol: /^https$/ })
      .optional()
      .describe('Address of the relay page for mailed codes (docs/RELAY.md).'),
    mailCodes: z
      .boolean()
      .default(false)
      .describe(
        'On hosts without a screen: device codes may be mailed to sign-in names of "domains"; needs "mail".',
      ),
  })
  .describe('Microsoft Entra ID.');

const localProvider = z
  .strictObject({
    name,
    type: z.literal('local'),
    enabled: z.boolean().default(false).describe('Off until an administrator turns it on.'),
  })
  .describe('Break-glass accounts kept by Latchkey itself: password and TOTP, recorded loudly in the audit.');

const mail = z
  .strictObject({
    host: z.string().min(1),
    port: z.number().int().min(1).max(65535).default(587),
    security: z
      .enum(['starttls', 'tls', 'none'])
      .default('starttls')
      .describe('"none" is accepted for a mail server on this machine only, and without a password.'),
    caFile: z.string().min(1).optional(),
    user: z.string().min(1).optional(),
    password: z.strictObject({ stored: name }).optional().describe('Set it with: latchkey secret set <name>'),
    from: z.string().min(3).max(200),
    template: z
      .strictObject({
        subject: z.string().min(1),
        text: z.string().min(1),
        html: z.string().min(1).optional(),
      })
      .optional()
      .describe('In place of the mail that comes with Latchkey; docs/RELAY.md lists its variables.'),
  })
  .describe('For mailed device codes on hosts without a screen.');

const secondFactor = z.strictObject({
  issuer: z
    .string()
    .min(1)
    .max(60)
    .default('Latchkey')
    .describe('Name that authenticator applications show.'),
  methods: z
    .array(z.enum(factorNames))
    .min(1)
    .max(2)
    .default(['totp'])
    .describe('In the order in which they are offered.'),
  cache: duration(0, 24 * 3600)
    .default('15m')
    .describe('After a second factor, the same connection does not ask again for this long.'),
  pushToken: z
    .strictObject({ stored: name })
    .optional()
    .describe('Access token of that server, where it asks for one. Set it with: latchkey secret set <name>'),
  pushServer: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('An ntfy server, for "push".'),
});

const holdTime = duration(1, 50);

const hold = z
  .strictObject({
    postgresql: holdTime.default('45s'),
    mysql: holdTime.default('8s'),
    sqlserver: holdTime.default('12s'),
    programs: z
      .record(z.string().min(1).max(100).toLowerCase(), holdTime)
      .default({})
      .describe(
        'For programs by the beginning of their names; these count before what Latchkey knows itself.',
      ),
  })
  .describe('How long a login waits for a person: until the client would give up by itself.');

const upstreamTls = z.strictObject({
  mode: z
    .enum(['verify', 'off'])
    .default('verify')
    .describe('"off" is accepted for loopback addresses and unix sockets only.'),
  caFile: z
    .string()
    .min(1)
    .optional()
    .describe("PEM file with the authority to trust instead of the system's."),
  serverName: z
    .string()
    .min(1)
    .optional()
    .describe('Name in the certificate, where it is not the host (tunnels).'),
});

const upstream = z.strictObject({
  host: z.string().min(1).default('localhost'),
  port: z
    .number()
    .int()
    .min(1)
    .max(65535)
    .optional()
    .describe('By default 5432 for PostgreSQL, 3306 for MySQL and MariaDB, 1433 for SQL Server.'),
  socket: z
    .string()
    .startsWith('/', 'must be a full path')
    .optional()
    .describe('Unix socket of the server, instead of host.'),
  database: z.string().min(1).max(63),
  tls: upstreamTls.prefault({}),
  allowedMethods: z
    .array(z.enum(['md5', 'password']))
    .default([])
    .describe(
      'Old login methods that this server may ask for beside SCRAM; only over TLS, loopback or a unix socket.',
    ),
  connectTimeout: duration(1, 120).default('15s'),
});

const rule = z.strictObject({
  group: guid.describe('Object id of the directory group. Names are never used for access.'),
  description: z.string().max(200).optional(),
  role: z.string().min(1).max(63).describe('The database user that members of the group work as.'),
  password: passwordSource
    .optional()
    .describe(
      'Where the password of the role comes from; leave it out where the server trusts the connection.',
    ),
  mfa: z
    .enum(['never', 'session', 'login'])
    .default('never')
    .describe('Second factor: never, once for each sign-in and mfa.cache, or for each login.'),
  tokenLifetime: duration(60, 24 * 3600)
    .optional()
    .describe('By default tokens.lifetime.'),
});

const connection = z.strictObject({
  name,
  title: z.string().min(1).max(100).optional(),
  protocol: z.enum(protocolNames).describe('"mysql" is for MariaDB too.'),
  address: z.enum(['127.0.0.1', '::1']).default('127.0.0.1'),
  port: listenPort.describe('Loopback port for SQL clients.'),
  clientAuth: z
    .enum(['scram-sha-256', 'password'])
    .default('scram-sha-256')
    .describe(
      'PostgreSQL only. "password" sends the token readable over loopback; for clients that cannot do SCRAM.',
    ),
  localInfile: z
    .boolean()
    .default(false)
    .describe('MySQL only: lets the server ask clients for their files (LOAD DATA LOCAL INFILE).'),
  askForPrograms: z
    .enum(['never', 'handles', 'always'])
    .default('handles')
    .describe(
      'Whether a person is asked about a program that logs in: never, where it uses a handle that is bound to none yet, or also for tokens.',
    ),
  maxSessions: z.number().int().min(1).max(10_000).default(200),
  upstream,
  rules: z.array(rule).min(1, 'name at least one group: without a rule nobody can use the connection'),
});

export const configuration = z.strictObject({
  $schema: z.string().optional(),
  providers: z
    .array(z.discriminatedUnion('type', [azureDirectory, localProvider]))
    .min(1, 'add a provider: without one nobody can sign in')
    .max(20),
  chain: z
    .array(name)
    .max(20)
    .optional()
    .describe(
      'Authentication chain: names of providers in the order in which they are asked; by default all, as listed.',
    ),
  mfa: secondFactor.prefault({}),
  hold: hold.prefault({}),
  mail: mail.optional(),
  session: z
    .strictObject({
      deadline: duration(300, 24 * 3600)
        .default('8h')
        .describe('A sign-in lasts this long at most.'),
      refreshGroups: duration(5, 3600).default('5m').describe('How often groups are read again.'),
      groupsMaxAge: duration(60, 24 * 3600)
        .default('1h')
        .describe(
          'While the directory cannot be reached, groups this old still count; after that logins are refused.',
        ),
      onLock: z
        .enum(['keep', 'cut', 'sign-out'])
        .default('keep')
        .describe(
          'When the screen is locked: "cut" ends tokens and database sessions, "sign-out" the sign-in too. What was allowed until then is over in any case.',
        ),
    })
    .prefault({}),
  tokens: z.strictObject({ lifetime: duration(60, 24 * 3600).default('15m') }).prefault({}),
  api: z
    .strictObject({
      port: listenPort
        .optional()
        .describe('Loopback port of the HTTP API; by default any free one, written to run/api.json.'),
    })
    .prefault({}),
  connections: z.array(connection).default([]),
});

export type Configuration = z.output<typeof configuration>;
export type ProviderSettings = Configuration['providers'][number];
export type AzureDirectorySettings = Extract<ProviderSettings, { type: 'azure-directory' }>;
export type ConnectionSettings = Configuration['connections'][number];
export type RuleSettings = ConnectionSettings['rules'][number];
