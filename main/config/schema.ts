/** @long The form of the configuration file is read as one; the JSON Schema is made from it. */
import { z } from 'zod';
import { cloudNames, factorNames, signInWays, type CloudName } from '../contract/clouds.ts';
import { protocolNames } from '../contract/protocols.ts';
import { passwordSource } from './password-source.ts';
import { auditSettings } from './sinks.ts';
import { times } from './times.ts';
import { updateSettings } from './updates.ts';
import { caFile, duration, name, portRange } from './values.ts';

/**
 * The configuration file: which directory people sign in to, which databases there are, and which group may use
 * which role of which database. It holds no secret: passwords are named, and typed in with `latchkey secret set`, or come
 * from elsewhere at each login.
 * The JSON Schema for editors (assets/latchkey.schema.json) is made from this value.
 */

const guid = z
  .string()
  .regex(
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
    'must be an id such as 1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2',
  )
  .transform((text) => text.toLowerCase());

const listenPort = z.number().int().min(1024, 'ports below 1024 belong to the system').max(65535);

/** Of a provider, whatever its type. */
const ofItsAccounts = {
  deadline: duration(300, 24 * 3600)
    .optional()
    .describe('How long sign-ins of its accounts last; by default as "session.deadline" says.'),
  exclusive: z
    .union([z.literal(true), z.literal('refuse')])
    .optional()
    .describe(
      'For privileged accounts, which are let in alone: true signs the others out when one of these signs in, and it when another does; "refuse" refuses a sign-in beside it, and its own beside others.',
    ),
};

const azureDirectory = z
  .strictObject({
    name: name.describe('Names the provider in screens, commands and the audit.'),
    type: z.literal('azure-directory'),
    cloud: z
      .enum(cloudNames)
      .optional()
      .describe(
        'Which Microsoft cloud; by default that of the authority. "local" is the local tenant for tests: loopback addresses only.',
      ),
    authority: z
      .string()
      .min(1)
      .max(2000)
      .describe(
        'The OAuth authority of the tenant, such as https://login.microsoftonline.com/<tenant id>; any address of "Endpoints" in the portal serves.',
      ),
    applicationId: guid.describe('Application (client) id of the app registration.'),
    resource: z
      .string()
      .max(2000)
      .optional()
      .describe("Microsoft Graph's address, id or name; by default that of the cloud."),
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
    ...ofItsAccounts,
  })
  .describe('Microsoft Entra ID.');

const localProvider = z
  .strictObject({
    name,
    type: z.literal('local'),
    enabled: z.boolean().default(false).describe('Off until it is turned on here; nothing else turns it on.'),
    accounts: z
      .array(
        z.strictObject({
          username: z
            .string()
            .toLowerCase()
            .regex(
              /^[a-z0-9][a-z0-9._-]{0,39}$/,
              'must be 1 to 40 of a to z, 0 to 9, ".", "_" and "-", beginning with a letter or digit',
            ),
          displayName: z.string().trim().min(1).max(200).optional(),
          groups: z
            .array(guid)
            .max(1000)
            .describe('Object ids of the groups that the account counts as a member of.'),
        }),
      )
      .max(50)
      .default([])
      .describe(
        'Who there is: an account that is not named here opens nothing. Password and authenticator are set with: latchkey local',
      ),
    ...ofItsAccounts,
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
    recipients: z
      .array(z.string().toLowerCase().min(3).max(200))
      .max(1000)
      .default([])
      .describe('The sign-in names that codes may be mailed to; nobody else gets a mail.'),
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
  .describe(
    'By when a login is answered, before its client would give up by itself: the last quarter of it, three seconds at most, is kept for the database.',
  );

const systemAccount = z.union([
  z.string().regex(/^[^\s:/]{1,256}$/, 'must be the name of a user'),
  z.int().min(0),
]);

const upstreamTls = z.strictObject({
  mode: z
    .enum(['verify', 'strict', 'by-password', 'off'])
    .default('verify')
    .describe(
      '"strict" is TLS before anything else, for SQL Servers that demand it (TDS 8.0); "by-password" takes any certificate of a MariaDB 11.4 or later that proves it by the hash of the password; "off" is accepted for loopback addresses and unix sockets only.',
    ),
  caFile,
  serverName: z
    .string()
    .min(1)
    .optional()
    .describe('Name in the certificate, where it is not the host (tunnels).'),
  fingerprint: z
    .string()
    .regex(/^sha256:[0-9a-f:]+$/i, 'must be "sha256:" and 64 hexadecimal digits')
    .optional()
    .describe(
      "SHA-256 of the server's own certificate, which is accepted instead of any that an authority has issued; `latchkey doctor` shows it. For servers with a certificate that they made themselves.",
    ),
  clientCertificate: z
    .string()
    .min(1)
    .optional()
    .describe(
      'PEM file with the certificate to show to servers that ask for one, and those that it chains to.',
    ),
  clientKey: z
    .strictObject({ stored: name })
    .optional()
    .describe('Key of the client certificate. Store it with: latchkey secret set <name> < key.pem'),
});

const databaseName = z
  .string()
  .min(1)
  .max(128)
  .describe(
    'Its name on the server; 63 bytes at most for PostgreSQL, 64 characters for MySQL, 128 for SQL Server.',
  );

const upstream = z.strictObject({
  host: z.string().min(1).default('localhost'),
  port: z
    .number()
    .int()
    .min(1)
    .max(65535)
    .optional()
    .describe('By default 5432 for PostgreSQL, 3306 for MySQL and MariaDB, 1433 for SQL Server.'),
  hosts: z
    .array(z.string().min(1).max(300))
    .min(1)
    .max(20)
    .optional()
    .describe('Several servers, "name" or "name:port", in place of host: they are tried in this order.'),
  targetSessionAttrs: z
    .enum(['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'])
    .default('any')
    .describe('PostgreSQL only: which of the servers will do, as target_session_attrs of its own clients.'),
  instance: z
    .string()
    .regex(
      /^[A-Za-z_#&][A-Za-z0-9_#&$]{0,15}$/,
      'must be the name of an instance: a letter, then letters, digits, "_", "#", "$" and "&", 16 at most',
    )
    .optional()
    .describe(
      'SQL Server only: a named instance, whose port the SQL Server Browser service of the host tells (UDP 1434).',
    ),
  socket: z
    .string()
    .startsWith('/', 'must be a full path')
    .optional()
    .describe('Unix socket of the server, instead of host.'),
  database: databaseName
    .optional()
    .describe(
      'The one that a login opens which names none; by default the first of "databases". Needed where there is no "databases".',
    ),
  databases: z
    .union([z.literal('any'), z.array(databaseName).min(1).max(1000)])
    .optional()
    .describe(
      'Further databases of the server that logins may name: a list, or "any" for whatever the server lets the role open.',
    ),
  via: z
    .union([
      z.strictObject({
        ssh: z
          .string()
          .regex(/^[^\s-]\S*$/, 'must be user@host, or a Host of ~/.ssh/config')
          .max(300)
          .describe(
            "A jump host as ssh takes it, reached with the system's own ssh (-W, BatchMode): its keys, agent and known hosts.",
          ),
      }),
      z.strictObject({
        socks: z.string().min(1).max(300).describe('A SOCKS5 proxy without a password, "host:port".'),
      }),
      z.strictObject({
        command: z
          .array(z.string().min(1).max(4096))
          .min(1)
          .max(100)
          .describe(
            'A program whose standard input and output are the connection; %h and %p are host and port.',
          ),
      }),
    ])
    .optional()
    .describe("The way to the server, where it cannot be reached from here; it looks up the host's name."),
  owner: z
    .union([systemAccount, z.array(systemAccount).min(1).max(20)])
    .optional()
    .describe(
      'Without TLS: the users of this computer (names or ids) who may run the server or tunnel at a loopback port or unix socket, beside yourself and root; by default the accounts of database packages (postgres, mysql, mssql). "any" does not ask.',
    ),
  tls: upstreamTls.prefault({}),
  allowedMethods: z
    .array(z.enum(['md5', 'password']))
    .default([])
    .describe(
      'Old login methods that this server may ask for beside SCRAM; only over TLS, loopback or a unix socket.',
    ),
  connectTimeout: duration(1, 120).default('15s'),
  lostAfter: duration(10, 1800)
    .default('60s')
    .describe(
      'How long something that was sent to the server may stay without an acknowledgement, before the session is ended.',
    ),
});

const sessionCount = z.number().int().min(1).max(10_000);
const replicationKind = z.enum(['physical', 'logical']);

const rule = z.strictObject({
  group: guid.describe('Object id of the directory group. Names are never used for access.'),
  description: z.string().max(200).optional(),
  role: z
    .string()
    .min(1)
    .max(128)
    .describe(
      'The database user that members of the group work as; 63 bytes at most for PostgreSQL, 128 characters elsewhere.',
    ),
  password: passwordSource
    .optional()
    .describe(
      'Where the password of the role comes from; leave it out where the server trusts the connection.',
    ),
  databases: z
    .array(databaseName)
    .min(1)
    .max(1000)
    .optional()
    .describe('The databases of the connection that this rule opens; by default all.'),
  readOnly: z
    .boolean()
    .default(false)
    .describe(
      'Sessions begin with transactions that only read; SQL Server is told ApplicationIntent=ReadOnly. A client may change it later: rights of the role are the real limit.',
    ),
  statementTimeout: duration(1, 24 * 3600)
    .optional()
    .describe('PostgreSQL, MySQL: how long a statement may take. A client may change it later.'),
  idleTimeout: duration(1, 7 * 24 * 3600)
    .optional()
    .describe('Ends a session in which no statement has run for this long, also inside a transaction.'),
  maxDuration: duration(1, 31 * 24 * 3600)
    .optional()
    .describe('Ends a session this long after its login, whatever it does.'),
  maxSessions: z
    .union([
      sessionCount,
      z.strictObject({ person: sessionCount.optional(), handle: sessionCount.optional() }),
    ])
    .optional()
    .describe(
      'Sessions under this rule at the same time: of a person, or of a person and of a saved password.',
    ),
  times: times
    .optional()
    .describe('Days and hours in which the rule opens. Sessions are ended when they are over.'),
  personSetting: z
    .string()
    .regex(
      /^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)+$/i,
      'must be a setting with a dot in its name, such as latchkey.person',
    )
    .max(63)
    .optional()
    .describe('PostgreSQL only: a setting that gets the sign-in name at login, such as latchkey.person.'),
  replication: z
    .union([replicationKind, z.array(replicationKind).min(1).max(2)])
    .optional()
    .describe(
      'PostgreSQL only: lets replication connections through, "physical" (pg_basebackup, pg_receivewal) or "logical" (pg_recvlogical, Debezium), or both. Each may read the whole server, where its role has REPLICATION.',
    ),
  mfa: z
    .enum(['never', 'session', 'login'])
    .default('never')
    .describe('Second factor: never, once for each sign-in and mfa.cache, or for each login.'),
  tokenLifetime: duration(60, 24 * 3600)
    .optional()
    .describe('By default tokens.lifetime.'),
  handleLifetime: duration(300, 366 * 24 * 3600)
    .optional()
    .describe('How long a saved password that may use this rule is good; by default 90d.'),
});

const connection = z.strictObject({
  name,
  title: z.string().min(1).max(100).optional(),
  protocol: z.enum(protocolNames).describe('"mysql" is for MariaDB too.'),
  address: z
    .enum(['127.0.0.1', '::1'])
    .default('127.0.0.1')
    .describe('The loopback address that settings of tools name; the port is listened at on both.'),
  port: z
    .union([listenPort, z.literal('auto')])
    .describe(
      'Loopback port for SQL clients. "auto" takes one of "listen.ports", another for each user of the computer, and keeps it.',
    ),
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
  requireTls: z
    .boolean()
    .default(false)
    .describe(
      'Refuses clients that do not encrypt, before their password is looked at. A unix socket needs no encryption.',
    ),
  shortTokens: z
    .boolean()
    .default(false)
    .describe(
      'Tokens and saved passwords have 28 characters (128 random bits) in place of 49 (256), for clients whose password field ends at 30.',
    ),
  askForPrograms: z
    .enum(['never', 'handles', 'always'])
    .default('handles')
    .describe(
      'Whether a person is asked about a program that logs in: never, where it uses a saved password that is bound to none yet, or also for tokens.',
    ),
  nameInLog: z
    .enum(['on', 'off'])
    .default('on')
    .describe(
      "Whether the server's own list of sessions and log say who a session is for: application_name, connection attributes or program name.",
    ),
  maxSessions: z.number().int().min(1).max(10_000).default(200),
  upstream,
  rules: z.array(rule).min(1, 'name at least one group: without a rule nobody can use the connection'),
});

export const configuration = z.strictObject({
  $schema: z.string().optional(),
  providers: z
    .array(z.discriminatedUnion('type', [azureDirectory, localProvider]))
    .max(20)
    .describe(
      'Who can say who people are. Empty before the first one is added, when nobody can sign in yet.',
    ),
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
      accounts: z
        .number()
        .int()
        .min(1)
        .max(8)
        .default(8)
        .describe(
          'How many accounts may be signed in side by side. With 1 whoever signs in takes the place of the one before.',
        ),
      deadline: duration(300, 24 * 3600)
        .default('8h')
        .describe('A sign-in lasts this long at most.'),
      refreshGroups: duration(5, 3600)
        .default('5m')
        .describe(
          'How often groups are read again; 1m at least (5s with the local tenant). While database sessions are open the sign-in is renewed as often.',
        ),
      groupsMaxAge: duration(60, 24 * 3600)
        .default('1h')
        .describe(
          'While the directory cannot be reached, groups this old still count; after that logins are refused.',
        ),
      onLock: z
        .enum(['keep', 'cut', 'sign-out'])
        .default('keep')
        .describe(
          'When the screen is locked: "cut" ends tokens and database sessions and lets nobody in until the unlock, "sign-out" ends the sign-in too. What was allowed until then is over in any case.',
        ),
    })
    .prefault({}),
  clients: z
    .strictObject({
      elevatedTools: z
        .enum(['refuse', 'allow'])
        .default('refuse')
        .describe(
          'Windows: whether SQL tools may log in that were started with "Run as administrator". Windows does not tell whose they are; "allow" lets every program in that runs on the same desktop with more rights than Latchkey.',
        ),
    })
    .prefault({}),
  reload: z
    .enum(['ask', 'automatic'])
    .default('ask')
    .describe(
      'What follows where this file changes while Latchkey runs: window and log say so, and it counts once somebody says yes ("ask"), or at once if it has no fault ("automatic").',
    ),
  audit: auditSettings.prefault({}),
  updates: updateSettings.prefault({}),
  tokens: z.strictObject({ lifetime: duration(60, 24 * 3600).default('15m') }).prefault({}),
  api: z
    .strictObject({
      port: listenPort
        .optional()
        .describe('Loopback port of the HTTP API; by default any free one, written to run/api.json.'),
    })
    .prefault({}),
  listen: z
    .strictObject({
      ports: portRange
        .default('20000-29999')
        .describe('The ports that connections with "port: auto" share, of all users of a computer.'),
    })
    .prefault({}),
  metrics: z
    .strictObject({
      port: listenPort
        .optional()
        .describe(
          'Loopback port where Prometheus and health checks need no bearer: /metrics, /livez, /readyz. By default none.',
        ),
    })
    .prefault({}),
  connections: z.array(connection).default([]),
});

type Read = z.output<typeof configuration>;
type ReadConnection = Read['connections'][number];
type LocalSettings = Extract<Read['providers'][number], { type: 'local' }>;

/** As it is used: the authority is sign-in address and tenant, and cloud and Graph's address are known. */
export type AzureDirectorySettings = Exclude<Read['providers'][number], LocalSettings> & {
  cloud: CloudName;
  resource: string;
};
export type ProviderSettings = AzureDirectorySettings | LocalSettings;
/** As it is used: which database a login opens that names none is known, and it is among `databases` where there are. */
export type ConnectionSettings = Omit<ReadConnection, 'upstream'> & {
  upstream: ReadConnection['upstream'] & { database: string };
};
export type Configuration = Omit<Read, 'providers' | 'connections'> & {
  providers: ProviderSettings[];
  connections: ConnectionSettings[];
};
export type RuleSettings = ConnectionSettings['rules'][number];
