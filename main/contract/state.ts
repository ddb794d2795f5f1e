/** @long The whole snapshot, with all that it is made of. */
import { z } from 'zod';
import { factorNames, signInWays } from './clouds.ts';
import { forbidden } from './forbidden.ts';
import { languages } from './language.ts';
import { link } from './link.ts';
import { protocolNames } from './protocols.ts';
import { account, group, problem, signedIn, signInState } from './sign-in-state.ts';
import { updateState } from './update-state.ts';

/** Times in the contract are ISO 8601 in UTC. Nothing in here is a secret: the renderer and `--json` output get all of it. */
const time = z.iso.datetime();

/** One way in that an account has to a connection. */
export const grant = z.object({
  role: z.string(),
  group: group,
  tokenLifetimeSeconds: z.number().int(),
  /** Of the account. */
  objectId: z.string(),
  /** A command line of this account to copy, for the first of its roles; it holds no secret. */
  command: z.string().optional(),
});

/** What keeps the person from a login that would come through; problems are of the last look or try. */
export const lack = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('password'), role: z.string(), storedAs: z.string() }),
  z.object({ kind: z.literal('client-key'), storedAs: z.string() }),
  z.object({ kind: z.enum(['server', 'credential']), problem, at: time }),
  z.object({ kind: z.literal('login'), role: z.string(), problem, at: time }),
  z.object({ kind: z.literal('second-factor') }),
]);

export const connection = z.object({
  name: z.string(),
  title: z.string(),
  protocol: z.enum(protocolNames),
  host: z.string(),
  port: z.number().int(),
  /** Directory of the unix socket, for `psql -h <dir>`; absent on systems without unix sockets. */
  socketDirectory: z.string().optional(),
  /** The unix socket itself, for `mysql -S <path>`. */
  socketPath: z.string().optional(),
  /** True where clients that do not encrypt are refused. */
  requireTls: z.boolean().optional(),
  /** PostgreSQL: clients send the token itself; absent = they prove it by SCRAM. */
  clientAuth: z.literal('password').optional(),
  database: z.string(),
  listener: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('starting') }),
    /** With a problem where somebody else has the port at the other loopback address (127.0.0.1 or ::1). */
    z.object({ kind: z.literal('listening'), problem: problem.optional() }),
    z.object({ kind: z.literal('failed'), problem }),
  ]),
  /** Of every account that is signed in, in their order; empty where no rule lets any in. */
  grants: z.array(grant),
  /** It listens, the person has a way in, its server was reached at the last look, and nothing is lacking. */
  ready: z.boolean(),
  /** Empty without a grant, and while nothing is known to be lacking. */
  lacks: z.array(lack),
  /** When its server was last looked at, by a login, a test or a look; absent before. */
  lookedAt: time.optional(),
  /**
   * A command line to copy (it holds no secret: psql asks for the password), for the only account that may use the
   * connection or the chosen one. Absent without a grant.
   */
  command: z.string().optional(),
});

export const token = z.object({
  id: z.string(),
  connection: z.string(),
  /** Of the account that it was issued to. */
  username: z.string(),
  role: z.string(),
  issuedAt: time,
  expiresAt: time,
  uses: z.number().int(),
});

/** A process of this computer as the system tells of it: facts, where `program` of a client is only what it says. */
export const peerProcess = z.object({
  pid: z.number().int(),
  /** Name of the program's file, with what an interpreter runs: "python3.11 (report.py)". */
  program: z.string(),
  path: z.string().optional(),
  parent: z.object({ pid: z.number().int(), program: z.string() }).optional(),
});

/** A live login at a gateway. */
export const databaseSession = z.object({
  id: z.string(),
  connection: z.string(),
  username: z.string(),
  role: z.string(),
  database: z.string(),
  /** What the client calls itself; never trusted, only shown. */
  program: z.string(),
  process: peerProcess.optional(),
  /** The handle that opened it, where it was one. */
  handleId: z.string().optional(),
  since: time,
  /** Until two seconds ago at most. */
  bytesFromClient: z.number().int(),
  bytesFromUpstream: z.number().int(),
});

const promptBase = z.object({
  id: z.string(),
  connection: z.string(),
  database: z.string(),
  /** Empty where it is not known before the sign-in. */
  role: z.string(),
  /** What the client calls itself; never trusted, only shown. */
  program: z.string(),
  process: peerProcess.optional(),
  /** Where the client is: "unix", or address and port. */
  address: z.string(),
  /** How many logins wait right now; none when their clients have given up. */
  waiting: z.number().int(),
  /** What else waits for the same answer, beside connection, role and program above; absent where nothing does. */
  also: z.array(z.object({ connection: z.string(), role: z.string(), program: z.string() })).optional(),
  since: time,
  expiresAt: time,
});

/** How long a program that was allowed may come back without being asked about. */
export const clientChoices = ['once', 'hour', 'until-lock', 'always'] as const;
export type ClientChoice = (typeof clientChoices)[number];

/** What logins are waiting for: one prompt for one cause, however many wait. */
export const prompt = z.discriminatedUnion('kind', [
  promptBase.extend({
    kind: z.literal('second-factor'),
    /** Whose second factor it is. */
    username: z.string(),
    /** `session`: the answer counts for all that asks once for each sign-in; `login`: for this role and program. */
    mode: z.enum(['session', 'login']),
    methods: z.array(z.enum(factorNames)),
    /** The number to choose on the phone, while it is being asked. */
    pushNumber: z.string().optional(),
    /** Why the last try to ask the phone failed. */
    pushProblem: problem.optional(),
  }),
  /** A tool came with a handle of `username`, who is not signed in. The code, once there is one, is in `signIn`. */
  promptBase.extend({ kind: z.literal('sign-in'), username: z.string(), tool: z.string() }),
  /** A program that has not been allowed yet. `choices` are the answers that can be given: an unknown one only "once". */
  promptBase.extend({
    kind: z.literal('client'),
    /** Whose login it is. */
    username: z.string(),
    choices: z.array(z.enum(clientChoices)),
    /** For whom the handle was made that it came with; absent for a token. */
    tool: z.string().optional(),
  }),
]);

/** A password that a tool may save: it opens nothing by itself, and at each login takes the person's live session. */
export const handle = z.object({
  id: z.string(),
  /** What it was made for, as the person called it. */
  tool: z.string(),
  connection: z.string(),
  /** Absent: the default role of the login's time. */
  role: z.string().optional(),
  username: z.string(),
  createdAt: time,
  /** From then on it opens nothing, and stays in the list until it is revoked. */
  expiresAt: time,
  /** The program that alone may use it; absent until one has been allowed for good. */
  boundTo: z.string().optional(),
  /** Since the start of Latchkey. */
  lastUsedAt: time.optional(),
});

export const secondFactor = z.object({
  totp: z.object({
    enrolled: z.boolean(),
    recoveryCodesLeft: z.number().int(),
    lockedUntil: time.optional(),
  }),
  push: z.object({
    available: z.boolean(),
    enrolled: z.boolean(),
    /** The number to choose on the phone, while a new phone is being tried. */
    testNumber: z.string().optional(),
  }),
  /** Whether a rule of a connection that the person may use asks for it. */
  needed: z.boolean(),
});

/** An account that is signed in, with what is its own alone. */
export const signedInAccount = signedIn.extend({
  secondFactor: secondFactor.optional(),
});

export const provider = z.object({
  name: z.string(),
  type: z.enum(['azure-directory', 'local']),
  enabled: z.boolean(),
  tenant: z.string(),
  applicationId: z.string(),
  domains: z.array(z.string()),
  ways: z.array(z.enum(signInWays)),
  /** Whether an application secret is stored; the secret itself is never told. */
  hasSecret: z.boolean(),
  /** When it runs out, or the certificate in its place; absent where that cannot be told. */
  secretEnd: z.object({ what: z.enum(['secret', 'certificate']), at: time }).optional(),
  /** Where the organisation has it: the keys that a person cannot change, or "" for all. */
  organisation: z.object({ locked: z.array(z.string()) }).optional(),
});

/** A server that gets the audit, beside the file here. */
export const sink = z.object({
  name: z.string(),
  type: z.enum(['syslog', 'otlp']),
  /** Nobody is let in once records have not reached it for as long as the configuration says. */
  required: z.boolean(),
  /** Records that it has not got yet; absent where nobody knows. */
  behind: z.number().int().optional(),
  /** Absent while it takes what it is sent. `refusesFrom`: from then on a required one keeps every login out. */
  failing: z.object({ since: time, problem, refusesFrom: time.optional() }).optional(),
});

const policyOrigin = z.enum(['built-in', 'organisation', 'person']);

export const appState = z.object({
  version: z.string(),
  /** True where sign-in goes to a local tenant: the screens must say that this is not Microsoft. */
  localTenant: z.boolean(),
  /** In the order of the authentication chain. */
  providers: z.array(provider),
  signIn: signInState,
  /** All that are signed in; the last sign-in comes last. */
  accounts: z.array(signedInAccount),
  /** While accounts are signed in: why the last sign-in of another came to nothing, or why one has ended. */
  signInProblem: problem.optional(),
  /** Of the last run: those that only the network keeps from being signed in again; absent where there is none. */
  awaitedAccounts: z.array(account).optional(),
  /** What the person has chosen for what names no account, whether it is signed in or not. */
  chosenAccount: account.optional(),
  connections: z.array(connection),
  /**
   * Connections whose settings have a fault, each told in `problem`: they serve nothing until it is mended and the
   * configuration loaded anew. `name` is `connections[2]` where none is written. Absent where there is none.
   */
  faultyConnections: z.array(z.object({ name: z.string(), problem })).optional(),
  /**
   * The gateways were started anew after an error: when last, and how many database sessions have ended with them. Absent where
   * that has not happened, and once the person has dismissed it.
   */
  gatewayRestart: z.object({ at: time, sessions: z.number().int() }).optional(),
  tokens: z.array(token),
  databaseSessions: z.array(databaseSession),
  /** How many logins have come through or were refused since the start: `readLogins` tells of the last ones. */
  loginsSeen: z.number().int().optional(),
  handles: z.array(handle),
  /** Connections that the person has put first on this computer, by name; absent where there is none. */
  favourites: z.array(z.string()).optional(),
  /** Those that were used last on this computer, by name, the last first; absent where there is none. */
  recents: z.array(z.string()).optional(),
  /** What the windows speak; absent where there are none. */
  language: z.enum(languages).optional(),
  prompts: z.array(prompt),
  /** Tests of connections that are under way, by the id that each was begun with; absent where there is none. */
  connectionTests: z.array(z.object({ id: z.string(), step: z.enum(['dialling', 'logging-in']) })).optional(),
  /** SHA-256 of the configuration that counts. */
  configurationHash: z.string().optional(),
  /**
   * The configuration file says something else than what counts; absent where it does not. `changes` are keys without values,
   * `ends` is how many database sessions would not stand in it; with a `problem` it cannot count as it is.
   */
  configurationChange: z
    .object({ changes: z.array(z.string()), ends: z.number().int(), problem: problem.optional() })
    .optional(),
  /** Keys of the configuration that count from the next start only, and differ from what runs; absent where none does. */
  needsRestart: z.array(z.string()).optional(),
  /**
   * The settings of an organisation that count: where they came from, the keys that they lock, what they forbid, and what of
   * the person's file does not count for that, in sentences. Absent where there are none.
   */
  organisationSettings: z
    .object({
      origin: z.string(),
      locked: z.array(z.string()),
      forbid: z.array(z.enum(forbidden)),
      ignored: z.array(z.string()),
    })
    .optional(),
  /**
   * The organisation that was joined by its address; absent where none was. With a `problem` the last try to fetch its bundle
   * came to nothing, or it may not count any more.
   */
  joinedOrganisation: z
    .object({
      name: z.string(),
      url: z.string(),
      fingerprint: z.string(),
      /** Whether it is what counts; the file of this computer comes before it. */
      counts: z.boolean(),
      serial: z.number().int(),
      issuedAt: time,
      joinedAt: time,
      notAfter: time.optional(),
      nextKey: z.string().optional(),
      checkedAt: time.optional(),
      problem: problem.optional(),
    })
    .optional(),
  /** A link of ours was opened, and the window has not followed it yet. */
  link: link.optional(),
  /** What the configuration says of a locked screen and of waiting logins, and who has set it; `locked` by the organisation. */
  policies: z
    .object({
      onLock: z.object({
        value: z.enum(['keep', 'cut', 'sign-out']),
        origin: policyOrigin,
        locked: z.literal(true).optional(),
      }),
      holds: z.array(
        z.object({
          protocol: z.enum(protocolNames),
          value: z.string(),
          origin: policyOrigin,
          locked: z.literal(true).optional(),
        }),
      ),
    })
    .optional(),
  /** Newer versions of the application. */
  updates: updateState.optional(),
  /** Since when the locked screen keeps every login out; absent while it does not. */
  lockedSince: time.optional(),
  /** How secrets are kept: `memory` means that a restart needs a new sign-in, and `reason` says why. */
  seal: z.object({
    kind: z.enum(['keychain', 'key-file', 'memory']),
    reason: z.string().optional(),
    /** The key cannot be had now (a locked keyring): nothing that is stored is read or changed. */
    waiting: z.literal(true).optional(),
    /** The system can be told to ask for its password once more. */
    canAsk: z.literal(true).optional(),
  }),
  audit: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('writing'), path: z.string() }),
    z.object({ kind: z.literal('failed'), path: z.string(), problem }),
  ]),
  /** Where the audit leaves to; absent where it goes nowhere. */
  sinks: z.array(sink).optional(),
});

/** A problem inside a snapshot; every `Problem` is one. */
export type ShownProblem = z.infer<typeof problem>;
export type Account = z.infer<typeof account>;
export type Group = z.infer<typeof group>;
export type Grant = z.infer<typeof grant>;
export type SignInState = z.infer<typeof signInState>;
export type Lack = z.infer<typeof lack>;
export type SignedInAccount = z.infer<typeof signedInAccount>;
export type SignedIn = Extract<SignInState, { kind: 'signed-in' }>;
export type ConnectionState = z.infer<typeof connection>;
export type TokenState = z.infer<typeof token>;
export type DatabaseSession = z.infer<typeof databaseSession>;
export type PeerProcess = z.infer<typeof peerProcess>;
export type Prompt = z.infer<typeof prompt>;
export type MfaPrompt = Extract<Prompt, { kind: 'second-factor' }>;
export type SignInPrompt = Extract<Prompt, { kind: 'sign-in' }>;
export type ClientPrompt = Extract<Prompt, { kind: 'client' }>;
export type HandleState = z.infer<typeof handle>;
export type SecondFactor = z.infer<typeof secondFactor>;
export type ProviderState = z.infer<typeof provider>;
export type SinkState = z.infer<typeof sink>;
export type AppState = z.infer<typeof appState>;
