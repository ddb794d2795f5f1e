import { z } from 'zod';
import { signInWays } from './clouds.ts';
import { errorCodes } from './errors.ts';
import { forbidden } from './forbidden.ts';
import { protocolNames } from './protocols.ts';
import { check, versions } from './shapes.ts';

const time = z.iso.datetime();
const count = z.number().int();

const shownProblem = z.object({
  code: z.enum(errorCodes),
  message: z.string(),
  remedy: z.string().optional(),
  aadsts: count.optional(),
});

/** The state, as far as it says how things are and not whose they are. */
const shownState = z.object({
  localTenant: z.boolean(),
  signIn: z.string(),
  accounts: z.array(
    z.object({
      account: z.string(),
      provider: z.string(),
      groups: count,
      groupsReadAt: time,
      since: time,
      until: time,
      secondFactor: z.object({ totp: z.boolean(), push: z.boolean(), needed: z.boolean() }).optional(),
      problem: shownProblem.optional(),
    }),
  ),
  signInProblem: shownProblem.optional(),
  providers: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      enabled: z.boolean(),
      ways: z.array(z.enum(signInWays)),
      hasSecret: z.boolean(),
      secretEnd: time.optional(),
    }),
  ),
  connections: z.array(
    z.object({
      name: z.string(),
      protocol: z.enum(protocolNames),
      port: count,
      listener: z.string(),
      problem: shownProblem.optional(),
      grants: count,
      ready: z.boolean(),
      lacks: z.array(z.object({ kind: z.string(), problem: shownProblem.optional() })),
      lookedAt: time.optional(),
    }),
  ),
  databaseSessions: count,
  tokens: count,
  handles: count,
  prompts: count,
  sinks: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      required: z.boolean(),
      behind: count.optional(),
      problem: shownProblem.optional(),
    }),
  ),
  seal: z.object({ kind: z.string(), reason: z.string().optional(), waiting: z.boolean() }),
  audit: z.object({ kind: z.string(), problem: shownProblem.optional() }),
  lockedSince: time.optional(),
  changedConfiguration: z.object({ problem: shownProblem.optional() }).optional(),
  needsRestart: z.array(z.string()),
  organisation: z.object({ locked: count, forbid: z.array(z.enum(forbidden)), ignored: count }).optional(),
  joinedOrganisation: z
    .object({ counts: z.boolean(), serial: count, problem: shownProblem.optional() })
    .optional(),
});
export type ShownState = z.infer<typeof shownState>;

/** What whoever helps needs to see, with placeholders in place of names, places, ids and files. */
export const supportBundle = z.object({
  madeAt: time,
  versions,
  system: z.object({
    cpus: count,
    memoryMegabytes: count,
    session: z.string().optional(),
    /** Since when the process runs that has made the bundle. */
    startedAt: time,
  }),
  /** Whether it is of a Latchkey that runs; else only of its files. */
  running: z.boolean(),
  state: shownState.optional(),
  findings: z.array(check),
  /** What counts, with its values where they say nothing of anybody; absent where it cannot be read. */
  configuration: z.json().optional(),
  /** How many records there are of each event. */
  audit: z.object({ files: count, records: z.record(z.string(), count) }),
  /** The last lines. */
  log: z.array(z.string()),
});
export type SupportBundle = z.infer<typeof supportBundle>;
