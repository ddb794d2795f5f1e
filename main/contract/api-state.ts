import { z } from 'zod';
import { factorNames, signInWays } from './clouds.ts';
import { forbidden } from './forbidden.ts';
import { apiProblem } from './problem.ts';
import { protocolNames } from './protocols.ts';
import { clientChoices, type AppState } from './state.ts';
import { updateStateWith } from './update-state.ts';

/** Times are ISO 8601 in UTC. Nothing in here is a secret. */
const time = z.iso.datetime();

const account = z.object({
  provider: z.string(),
  tenantId: z.string(),
  objectId: z.string(),
  username: z.string(),
  displayName: z.string(),
});

const group = z.object({ id: z.string(), name: z.string() });

const waitingSignIn = z.object({
  provider: z.string(),
  tenant: z.string(),
  applicationId: z.string(),
  startedAt: time,
  expiresAt: time,
});

const signedIn = z.object({
  account,
  groups: z.array(group),
  groupsReadAt: time,
  since: time,
  until: time,
  problem: apiProblem.optional(),
});

const signIn = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('signed-out'),
    problem: apiProblem.optional(),
    otherWay: z.object({ provider: z.string(), way: z.enum(signInWays) }).optional(),
  }),
  z.object({
    kind: z.literal('working'),
    provider: z.string(),
    step: z.enum(['contacting', 'reading-groups', 'restoring']),
  }),
  waitingSignIn.extend({ kind: z.literal('code'), userCode: z.string(), verificationUri: z.url() }),
  waitingSignIn.extend({ kind: z.literal('browser') }),
  signedIn.extend({ kind: z.literal('signed-in') }),
]);

const lack = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('password'), role: z.string(), storedAs: z.string() }),
  z.object({ kind: z.literal('client-key'), storedAs: z.string() }),
  z.object({ kind: z.literal('login'), role: z.string(), problem: apiProblem, at: time }),
  z.object({ kind: z.enum(['server', 'credential']), problem: apiProblem, at: time }),
  z.object({ kind: z.literal('second-factor') }),
]);

const connection = z.object({
  name: z.string(),
  title: z.string(),
  protocol: z.enum(protocolNames),
  host: z.string(),
  port: z.number().int(),
  socketDirectory: z.string().optional(),
  socketPath: z.string().optional(),
  requireTls: z.boolean().optional(),
  clientAuth: z.literal('password').optional(),
  database: z.string(),
  listener: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('starting') }),
    z.object({ kind: z.literal('listening'), problem: apiProblem.optional() }),
    z.object({ kind: z.literal('failed'), problem: apiProblem }),
  ]),
  grants: z.array(
    z.object({ role: z.string(), group, tokenLifetimeSeconds: z.number().int(), objectId: z.string() }),
  ),
  ready: z.boolean(),
  lacks: z.array(lack),
  lookedAt: time.optional(),
  command: z.string().optional(),
});

const token = z.object({
  id: z.string(),
  connection: z.string(),
  username: z.string(),
  role: z.string(),
  issuedAt: time,
  expiresAt: time,
  uses: z.number().int(),
});

const clientProcess = z.object({
  pid: z.number().int(),
  program: z.string(),
  path: z.string().optional(),
  parent: z.object({ pid: z.number().int(), program: z.string() }).optional(),
});

const databaseSession = z.object({
  id: z.string(),
  connection: z.string(),
  username: z.string(),
  role: z.string(),
  database: z.string(),
  program: z.string(),
  process: clientProcess.optional(),
  handleId: z.string().optional(),
  since: time,
  bytesFromClient: z.number().int(),
  bytesFromUpstream: z.number().int(),
});

const handle = z.object({
  id: z.string(),
  tool: z.string(),
  connection: z.string(),
  role: z.string().optional(),
  username: z.string(),
  createdAt: time,
  expiresAt: time,
  boundTo: z.string().optional(),
  lastUsedAt: time.optional(),
});

const anyPrompt = z.object({
  id: z.string(),
  connection: z.string(),
  database: z.string(),
  role: z.string(),
  program: z.string(),
  process: clientProcess.optional(),
  address: z.string(),
  waiting: z.number().int(),
  also: z.array(z.object({ connection: z.string(), role: z.string(), program: z.string() })).optional(),
  since: time,
  expiresAt: time,
});

const prompt = z.discriminatedUnion('kind', [
  anyPrompt.extend({
    kind: z.literal('second-factor'),
    username: z.string(),
    mode: z.enum(['session', 'login']),
    methods: z.array(z.enum(factorNames)),
    pushNumber: z.string().optional(),
    pushProblem: apiProblem.optional(),
  }),
  anyPrompt.extend({ kind: z.literal('sign-in'), username: z.string(), tool: z.string() }),
  anyPrompt.extend({
    kind: z.literal('client'),
    username: z.string(),
    choices: z.array(z.enum(clientChoices)),
    tool: z.string().optional(),
  }),
]);

const secondFactor = z.object({
  totp: z.object({
    enrolled: z.boolean(),
    recoveryCodesLeft: z.number().int(),
    lockedUntil: time.optional(),
  }),
  push: z.object({ available: z.boolean(), enrolled: z.boolean(), testNumber: z.string().optional() }),
  needed: z.boolean(),
});

const provider = z.object({
  name: z.string(),
  type: z.enum(['azure-directory', 'local']),
  enabled: z.boolean(),
  tenant: z.string(),
  applicationId: z.string(),
  domains: z.array(z.string()),
  ways: z.array(z.enum(signInWays)),
  hasSecret: z.boolean(),
  secretEnd: z.object({ what: z.enum(['secret', 'certificate']), at: time }).optional(),
  organisation: z.object({ locked: z.array(z.string()) }).optional(),
});

/**
 * The state as API and `--json` tell it. It is apart from the snapshot of the window, which changes with the screens:
 * what scripts rely on stays. What the keys mean stands in state.ts.
 */
export const apiState = z.object({
  version: z.string(),
  localTenant: z.boolean(),
  providers: z.array(provider),
  signIn,
  accounts: z.array(signedIn.extend({ secondFactor: secondFactor.optional() })),
  signInProblem: apiProblem.optional(),
  awaitedAccounts: z.array(account).optional(),
  chosenAccount: account.optional(),
  connections: z.array(connection),
  faultyConnections: z.array(z.object({ name: z.string(), problem: apiProblem })).optional(),
  gatewayRestart: z.object({ at: time, sessions: z.number().int() }).optional(),
  tokens: z.array(token),
  databaseSessions: z.array(databaseSession),
  handles: z.array(handle),
  prompts: z.array(prompt),
  configurationChange: z
    .object({ changes: z.array(z.string()), ends: z.number().int(), problem: apiProblem.optional() })
    .optional(),
  needsRestart: z.array(z.string()).optional(),
  organisationSettings: z
    .object({
      origin: z.string(),
      locked: z.array(z.string()),
      forbid: z.array(z.enum(forbidden)),
      ignored: z.array(z.string()),
    })
    .optional(),
  joinedOrganisation: z
    .object({
      name: z.string(),
      url: z.string(),
      fingerprint: z.string(),
      counts: z.boolean(),
      serial: z.number().int(),
      issuedAt: time,
      joinedAt: time,
      notAfter: time.optional(),
      nextKey: z.string().optional(),
      checkedAt: time.optional(),
      problem: apiProblem.optional(),
    })
    .optional(),
  updates: updateStateWith(apiProblem).optional(),
  lockedSince: time.optional(),
  seal: z.object({
    kind: z.enum(['keychain', 'key-file', 'memory']),
    reason: z.string().optional(),
    waiting: z.literal(true).optional(),
    canAsk: z.literal(true).optional(),
  }),
  audit: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('writing'), path: z.string() }),
    z.object({ kind: z.literal('failed'), path: z.string(), problem: apiProblem }),
  ]),
  sinks: z
    .array(
      z.object({
        name: z.string(),
        type: z.enum(['syslog', 'otlp']),
        required: z.boolean(),
        behind: z.number().int().optional(),
        failing: z.object({ since: time, problem: apiProblem, refusesFrom: time.optional() }).optional(),
      }),
    )
    .optional(),
});
export type ApiState = z.infer<typeof apiState>;

/** The state out of a snapshot: what the window alone shows is left out. */
export const apiStateOf = (snapshot: AppState): ApiState => apiState.parse(snapshot);
