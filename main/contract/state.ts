import { z } from 'zod';
import { factorNames, signInWays } from './clouds.ts';
import { errorCodes } from './errors.ts';
import { protocolNames } from './protocols.ts';

/** Times in the contract are ISO 8601 in UTC. Nothing in here is a secret: the renderer and `--json` output get all of it. */
const time = z.iso.datetime();

export const problem = z.object({
  code: z.enum(errorCodes),
  message: z.string(),
  remedy: z.string().optional(),
  entra: z
    .object({
      aadsts: z.number().int().optional(),
      error: z.string().optional(),
      suberror: z.string().optional(),
      claims: z.string().optional(),
      traceId: z.string().optional(),
      correlationId: z.string().optional(),
    })
    .optional(),
});

/** A signed-in person. `tenantId` and `objectId` are the keys; the names are for showing only. */
export const account = z.object({
  provider: z.string(),
  tenantId: z.string(),
  objectId: z.string(),
  username: z.string(),
  displayName: z.string(),
});

/** A directory group by object id; `name` is empty where the directory does not let us read it. */
export const group = z.object({ id: z.string(), name: z.string() });

export const signInState = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('signed-out'),
    problem: problem.optional(),
    /** The other way in, where a policy has blocked the one that was tried; a person has to choose it. */
    otherWay: z.object({ provider: z.string(), way: z.enum(signInWays) }).optional(),
  }),
  /** Waiting for the authority's answer to the request for a code, or for the directory after the code was used. */
  z.object({
    kind: z.literal('working'),
    provider: z.string(),
    step: z.enum(['contacting', 'reading-groups', 'restoring']),
  }),
  z.object({
    kind: z.literal('code'),
    provider: z.string(),
    tenant: z.string(),
    applicationId: z.string(),
    userCode: z.string(),
    verificationUri: z.url(),
    startedAt: time,
    expiresAt: time,
  }),
  /** The system's browser has been opened at the sign-in page of the authority and is expected to come back. */
  z.object({
    kind: z.literal('browser'),
    provider: z.string(),
    tenant: z.string(),
    applicationId: z.string(),
    startedAt: time,
    expiresAt: time,
  }),
  z.object({
    kind: z.literal('signed-in'),
    account,
    groups: z.array(group),
    groupsReadAt: time,
    since: time,
    /** The session's deadline: after it a new sign-in is needed. */
    until: time,
    /** Set while the last refresh of groups or tokens failed; the last known groups still stand until `until`. */
    problem: problem.optional(),
  }),
]);

/** One way in that the signed-in person has to a connection. */
export const grant = z.object({ role: z.string(), group: group, tokenLifetimeSeconds: z.number().int() });

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
  database: z.string(),
  listener: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('starting') }),
    z.object({ kind: z.literal('listening') }),
    z.object({ kind: z.literal('failed'), problem }),
  ]),
  /** Empty while nobody is signed in, and for a person whom no rule lets in. */
  grants: z.array(grant),
  /** A command line to copy (it holds no secret: psql asks for the password). Absent without a grant. */
  command: z.string().optional(),
});

export const token = z.object({
  id: z.string(),
  connection: z.string(),
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
    methods: z.array(z.enum(factorNames)),
    /** The number to choose on the phone, while it is being asked. */
    pushNumber: z.string().optional(),
    /** Why the last try to ask the phone failed. */
    pushProblem: problem.optional(),
  }),
  /** Nobody is signed in, and a tool came with a handle of `username`. The code, once there is one, is in `signIn`. */
  promptBase.extend({ kind: z.literal('sign-in'), username: z.string(), tool: z.string() }),
  /** A program that has not been allowed yet. `choices` are the answers that can be given: an unknown one only "once". */
  promptBase.extend({
    kind: z.literal('client'),
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
});

export const appState = z.object({
  version: z.string(),
  /** True where sign-in goes to a local tenant: the screens must say that this is not Microsoft. */
  localTenant: z.boolean(),
  /** In the order of the authentication chain. */
  providers: z.array(provider),
  signIn: signInState,
  connections: z.array(connection),
  tokens: z.array(token),
  databaseSessions: z.array(databaseSession),
  handles: z.array(handle),
  prompts: z.array(prompt),
  /** Of the signed-in person. */
  secondFactor: secondFactor.optional(),
  /** How secrets are kept: `memory` means that a restart needs a new sign-in, and `reason` says why. */
  seal: z.object({ kind: z.enum(['keychain', 'key-file', 'memory']), reason: z.string().optional() }),
  audit: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('writing'), path: z.string() }),
    z.object({ kind: z.literal('failed'), path: z.string(), problem }),
  ]),
});

/** A problem inside a snapshot; every `Problem` is one. */
export type ShownProblem = z.infer<typeof problem>;
export type Account = z.infer<typeof account>;
export type Group = z.infer<typeof group>;
export type Grant = z.infer<typeof grant>;
export type SignInState = z.infer<typeof signInState>;
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
export type AppState = z.infer<typeof appState>;
