import { z } from 'zod';
import { cloudNames, signInWays } from './clouds.ts';
import { languageChoices, languages } from './language.ts';
import { protocolNames } from './protocols.ts';
import { problem } from './sign-in-state.ts';

/** What requests and replies of the actions are made of; one set of limits for every surface. */
export const name = z.string().min(1).max(100);
/** As long as the configuration lets a role be. */
export const role = z.string().min(1).max(128);
export const username = z.string().min(1).max(200);
export const secret = z.string().min(1).max(4096);
export const code = z.string().min(1).max(100);
/** What a person calls the tool that a handle is for. */
export const toolName = z.string().min(1).max(60);
/** A client secret, or certificate and private key in PEM. */
export const applicationSecret = z.string().min(1).max(32_768);

export const themes = ['system', 'light', 'dark'] as const;

/** What a person may choose about the application on this computer; the policy of access is not among it. */
export const preferences = z.object({
  theme: z.enum(themes),
  language: z.enum(languageChoices),
  startAtLogin: z.boolean(),
  /** Names of connections that come first, in their order. */
  favourites: z.array(name).max(200),
  /** How long a token or a handle stays on the clipboard. */
  clipboardSeconds: z.number().int().min(10).max(300),
  /** Whether the system's notifications are used at all; without them what a login waits for is asked in its window. */
  notifications: z.boolean(),
  /**
   * How a login that waits asks for its answer: `flash` shows a small window above all others, with a sound, and leaves the
   * keyboard where it is; `front` gives it the keyboard, too; `notify` leaves it at a notification.
   */
  whenLoginWaits: z.enum(['flash', 'front', 'notify']),
  /** What a click at the tray icon opens: the small window beside it, where its place is known, or the main one. */
  trayClick: z.enum(['flyout', 'main']),
  /** What its keys open from wherever the keyboard is. */
  shortcut: z.enum(['off', 'window', 'palette']),
  /** As Electron writes them: Shift alone is no key to hold, since it writes. */
  shortcutKeys: z
    .string()
    .max(60)
    .regex(
      /^(?=.*(?:Control|Alt|Super)\+)(?:(?:Control|Alt|Shift|Super)\+){1,4}(?:[A-Z0-9]|F\d{1,2}|Space)$/,
    ),
});
export type Preferences = z.infer<typeof preferences>;

/** What runs, and on what. */
export const versions = z.object({
  version: z.string(),
  node: z.string(),
  platform: z.string(),
  arch: z.string(),
  /** Of the system. */
  release: z.string(),
  electron: z.string().optional(),
  chromium: z.string().optional(),
});
export type Versions = z.infer<typeof versions>;

/** What stands in the window about the program itself; the files are full paths. */
export const about = z.object({ versions, configurationFile: z.string(), logFile: z.string() });

/** What the window speaks; absent where nobody can have chosen yet. */
const language = z.enum(languages).optional();

/** How far Latchkey has come with its start. */
export const start = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('running'), language }),
  z.object({
    kind: z.literal('failed'),
    problem,
    /** The person's configuration file. Absent where it cannot even be told where that is. */
    file: z.string().optional(),
    /** Whether there is such a file. */
    isThere: z.boolean(),
    language,
  }),
]);
export type Start = z.infer<typeof start>;

/** What an authenticator or a phone scans, and the same as text; `qr` is a square of dark (true) and light modules. */
export const enrolment = z.object({ uri: z.string(), key: z.string(), qr: z.array(z.array(z.boolean())) });
export type Enrolment = z.infer<typeof enrolment>;

/** A SQL tool that can be told of a connection. */
export const connectTool = z.object({
  id: z.string(),
  title: z.string(),
  /** Whether it was found on this computer; false also for what is a library or a driver. */
  installed: z.boolean(),
});
export type ConnectTool = z.infer<typeof connectTool>;

/** What a tool needs to know of a connection. No secret is in it: where a password goes stands a word for one. */
export const connectSettings = z.object({
  title: z.string(),
  /**
   * `handle`: the tool saves a password, and gets a handle. `command`: it runs a command that prints a fresh token.
   * `none`: it asks for a password each time.
   */
  needs: z.enum(['handle', 'command', 'none']),
  /** Sentences, in order. */
  steps: z.array(z.string()),
  /** For its dialogs. */
  fields: z.array(z.object({ label: z.string(), value: z.string() })),
  /** To copy. */
  texts: z.array(z.object({ label: z.string(), language: z.string(), text: z.string() })),
  /** What `writeSettings` writes; empty for a tool that has no such file. */
  files: z.array(z.object({ path: z.string(), note: z.string() })),
  /** Whether `openTool` can start it. */
  canOpen: z.boolean(),
});
export type ConnectSettings = z.infer<typeof connectSettings>;

/** One finding of the doctor. `remedy` says what to click or change where it is not `ok`. */
export const check = z.object({
  name: z.string(),
  result: z.enum(['ok', 'warning', 'failed', 'skipped']),
  message: z.string(),
  remedy: z.string().optional(),
  aadsts: z.number().int().optional(),
});
export type Check = z.infer<typeof check>;

/** Where a tenant may be. */
export const tenantQuestion = z.strictObject({
  /** A domain, the id of the tenant, or any address of its "Endpoints". */
  authority: z.string().min(1).max(2000),
  applicationId: z.guid().optional(),
  cloud: z.enum(cloudNames).optional(),
  resource: z.string().max(2000).optional(),
  caFile: z.string().max(4096).optional(),
});

/** The provider form of the origin: what is set for an Azure Directory. */
/** What window and command line change of the policies: seconds that a login waits, by protocol. */
export const policyChange = z.strictObject({
  onLock: z.enum(['keep', 'cut', 'sign-out']).optional(),
  hold: z
    .strictObject({
      postgresql: z.int().min(1).max(50).optional(),
      mysql: z.int().min(1).max(50).optional(),
      sqlserver: z.int().min(1).max(50).optional(),
    })
    .optional(),
});
export type PolicyChange = z.infer<typeof policyChange>;

export const providerForm = z.strictObject({
  name,
  type: z.enum(['azure-directory', 'local']),
  enabled: z.boolean(),
  cloud: z.enum(cloudNames).optional(),
  authority: z.string().max(2000).optional(),
  applicationId: z.string().max(100).optional(),
  resource: z.string().max(2000).optional(),
  domains: z.array(z.string().max(253)).max(200).optional(),
  signIn: z.array(z.enum(signInWays)).optional(),
  redirectService: z.string().max(500).optional(),
  mailCodes: z.boolean().optional(),
  /** Only with cloud "local". */
  caFile: z.string().max(4096).optional(),
});
export type ProviderForm = z.infer<typeof providerForm>;

/** Where a client connects, and as whom. */
const place = {
  username: z.string(),
  host: z.string(),
  port: z.number().int(),
  socketDirectory: z.string().exactOptional(),
  socketPath: z.string().exactOptional(),
  database: z.string(),
};

/** A token as it is told once. */
export const issuedToken = z.object({
  id: z.string(),
  /** The secret itself; the only place where it appears. */
  token: z.string(),
  connection: z.string(),
  protocol: z.enum(protocolNames),
  role: z.string(),
  ...place,
  expiresAt: z.iso.datetime(),
  /** PostgreSQL: the client sends the token itself; absent = it proves it. */
  clientAuth: z.literal('password').exactOptional(),
  command: z.string(),
});
export type IssuedToken = z.infer<typeof issuedToken>;

/** A handle as it is told once. */
export const madeHandle = z.object({
  id: z.string(),
  /** The secret itself; the only place where it appears. */
  handle: z.string(),
  tool: z.string(),
  connection: z.string(),
  role: z.string().exactOptional(),
  ...place,
  expiresAt: z.iso.datetime(),
});
export type MadeHandle = z.infer<typeof madeHandle>;

/** A break-glass account, as the file and the store have it. */
export const localAccount = z.object({
  username: z.string(),
  displayName: z.string(),
  groups: z.array(z.string()).readonly(),
  enabled: z.boolean(),
  /** Whether it has a password. */
  isSetUp: z.boolean(),
  /** One that the file does not name opens nothing. */
  isInFile: z.boolean(),
});
export type LocalAccount = z.infer<typeof localAccount>;

/** A secret that the configuration names. */
export const namedSecret = z.object({ name: z.string(), stored: z.boolean() });

/** What has come of reading the configuration file anew; `changes` and `needsRestart` are keys without values. */
export const reloaded = z.object({
  changes: z.array(z.string()),
  /** Database sessions that did not stand any more. */
  ended: z.number().int(),
  needsRestart: z.array(z.string()),
  warnings: z.array(z.string()),
});
export type Reloaded = z.infer<typeof reloaded>;

/** The bundle at the address of an organisation, verified. */
export const lookedAtOrganisation = z.object({
  organisation: z.string(),
  url: z.string(),
  /** Of the key that has signed it. */
  fingerprint: z.string(),
  serial: z.number().int(),
  issuedAt: z.iso.datetime(),
  notAfter: z.iso.datetime().optional(),
  /** Of its content. */
  hash: z.string(),
  /** What would count with it, in sentences. */
  sets: z.array(z.string()),
});
export type LookedAtOrganisation = z.infer<typeof lookedAtOrganisation>;
