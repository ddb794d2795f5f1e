import { z } from 'zod';
import { signInWays } from './clouds.ts';
import { errorCodes } from './errors.ts';

/** Who is signed in and who is about to be, as part of the snapshot (state.ts). Nothing in here is a secret. */
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
  faults: z
    .array(z.object({ file: z.string(), line: z.number().int().optional(), text: z.string() }))
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

const waitingSignIn = z.object({
  provider: z.string(),
  tenant: z.string(),
  applicationId: z.string(),
  startedAt: time,
  expiresAt: time,
});

/** An account that is signed in. */
export const signedIn = z.object({
  account,
  groups: z.array(group),
  groupsReadAt: time,
  since: time,
  /** The session's deadline: after it a new sign-in is needed. */
  until: time,
  /** Set while the last refresh of groups or tokens failed; the last known groups still stand until `until`. */
  problem: problem.optional(),
});

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
  waitingSignIn.extend({ kind: z.literal('code'), userCode: z.string(), verificationUri: z.url() }),
  /** The system's browser has been opened at the sign-in page of the authority and is expected to come back. */
  waitingSignIn.extend({ kind: z.literal('browser') }),
  /** The last sign-in that succeeded; all that are signed in stand in `accounts`. */
  signedIn.extend({ kind: z.literal('signed-in') }),
]);
