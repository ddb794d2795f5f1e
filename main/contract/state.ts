import { z } from 'zod';
import { errorCodes } from './errors.ts';

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
  z.object({ kind: z.literal('signed-out'), problem: problem.optional() }),
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
  protocol: z.enum(['postgresql']),
  host: z.string(),
  port: z.number().int(),
  /** Directory of the unix socket, for `psql -h <dir>`; absent on systems without unix sockets. */
  socketDirectory: z.string().optional(),
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

/** A live login at a gateway. */
export const databaseSession = z.object({
  id: z.string(),
  connection: z.string(),
  username: z.string(),
  role: z.string(),
  database: z.string(),
  /** What the client calls itself; never trusted, only shown. */
  program: z.string(),
  since: time,
});

export const appState = z.object({
  version: z.string(),
  /** True where sign-in goes to a local tenant: the screens must say that this is not Microsoft. */
  localTenant: z.boolean(),
  providers: z.array(z.object({ name: z.string(), tenant: z.string(), applicationId: z.string() })),
  signIn: signInState,
  connections: z.array(connection),
  tokens: z.array(token),
  databaseSessions: z.array(databaseSession),
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
export type AppState = z.infer<typeof appState>;
