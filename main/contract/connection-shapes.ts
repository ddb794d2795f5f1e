import { z } from 'zod';
import { name, secret } from './shapes.ts';
import { problem } from './sign-in-state.ts';

/** Far more than a connection with many rules has. */
const mostValues = 5000;
const longestText = 4096;
const longestKey = 100;
const deepest = 8;

/** Settings as the configuration file has them, of any keys; what they mean is checked with the whole file. */
export const connectionSettings = z.looseObject({}).refine((value) => countOf(value, deepest) <= mostValues, {
  error: 'must be JSON of the size of a connection',
});

/** How many values there are; infinite for what is no JSON, too deep or too long. */
function countOf(value: unknown, depth: number): number {
  switch (typeof value) {
    case 'string':
      return value.length <= longestText ? 1 : Infinity;
    case 'number':
      return Number.isFinite(value) ? 1 : Infinity;
    case 'boolean':
      return 1;
    case 'object':
      break;
    default:
      return Infinity;
  }
  if (value === null) return 1;
  if (depth === 0) return Infinity;
  const isList = Array.isArray(value);
  if (!isList && ![Object.prototype, null].includes(Object.getPrototypeOf(value))) return Infinity;
  if (!isList && Object.keys(value).some((key) => key.length > longestKey)) return Infinity;
  let count = 1;
  for (const one of Object.values(value)) {
    count += countOf(one, depth - 1);
    if (count > mostValues) return Infinity;
  }
  return count;
}

/** One connection as it is to be: of one that is there, what is absent stays and null takes away. */
export const connectionForm = z.strictObject({
  name,
  /** Adding never changes one that is there, and changing never adds. */
  is: z.enum(['new', 'there']),
  settings: connectionSettings,
  /** What the groups of its rules are called, by their ids: written behind them as a comment. */
  groupNames: z.record(z.string().max(longestKey), z.string().max(300)).optional(),
});
export type ConnectionForm = z.infer<typeof connectionForm>;

/** A connection of the file, or of the organisation. */
export const writtenConnection = z.object({
  name: z.string(),
  /** In the words of the files. */
  settings: z.looseObject({}),
  /**
   * Where the organisation has it: the keys that a person cannot change, such as `upstream.host`, or "" for all; and whether the
   * person's file changes any.
   */
  organisation: z.object({ locked: z.array(z.string()), isAdapted: z.boolean() }).exactOptional(),
  /** Why a connection of the person's file does not count, and never will as it stands. */
  ignored: z.string().exactOptional(),
  /** Whether it counts as it stands there; what an editor has changed does not before the file is loaded anew. */
  counts: z.boolean(),
});

/** A change that has been written, and counts. */
export const written = z.object({
  connections: z.array(z.object({ name: z.string(), port: z.number().int() })),
  /** Database sessions that did not stand any more. */
  ended: z.number().int(),
  warnings: z.array(z.string()),
});
export type Written = z.infer<typeof written>;

/** A password that a rule of a connection names, or the key of its client certificate. */
export const roleSecret = z.strictObject({ name, value: secret });
export type RoleSecret = z.infer<typeof roleSecret>;

/** The same with the passwords that came along. */
export const saved = written.extend({
  /** Names of those that are stored now. */
  stored: z.array(z.string()),
  /** Why the others are not; the connections are written all the same. */
  notStored: problem.exactOptional(),
});
export type Saved = z.infer<typeof saved>;

/** Connections of another tool's list, or of an export of Latchkey. */
export const importedList = z.object({
  connections: z.array(z.object({ name: z.string(), settings: z.looseObject({}) })),
  /** Entries that no gateway speaks the protocol of, or that name no server. */
  skipped: z.array(z.string()),
  /** Names of those beside which a password stood, which has been left where it is. */
  leftPasswords: z.array(z.string()),
});
export type ImportedConnections = z.infer<typeof importedList>;

/** A directory group, to be picked by its name. */
export const namedGroup = z.object({ id: z.string(), name: z.string() });

/** What a look at a database has found. */
export const upstreamFacts = z.object({
  where: z.string(),
  encrypted: z.boolean(),
  certificate: z
    .object({
      subject: z.string(),
      issuer: z.string(),
      validTo: z.iso.datetime(),
      sha256: z.string(),
    })
    .exactOptional(),
  serverVersion: z.string().exactOptional(),
});
export type UpstreamFacts = z.infer<typeof upstreamFacts>;
