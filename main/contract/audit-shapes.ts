import { z } from 'zod';
import { auditKinds } from './audit-kinds.ts';

const time = z.iso.datetime();

/** Which records are meant; each member that is there narrows them. */
export const auditFilter = {
  since: time.optional(),
  until: time.optional(),
  /** Part of the name of who did it, or to whom it was done. */
  person: z.string().min(1).max(200).optional(),
  connection: z.string().min(1).max(100).optional(),
  kind: z.enum(auditKinds).optional(),
  event: z.string().min(1).max(60).optional(),
  /** Only what was refused or has failed. */
  refused: z.literal(true).optional(),
  /** Stands somewhere in the record, in whatever case. */
  text: z.string().min(1).max(200).optional(),
};
export const auditFilterShape = z.strictObject(auditFilter);
export type AuditFilter = z.infer<typeof auditFilterShape>;

export const auditQuery = z.strictObject({
  ...auditFilter,
  /** What the page before has answered: the next one has the records that are older. */
  before: z
    .string()
    .regex(/^\d{1,9}:\d{1,15}$/)
    .optional(),
  limit: z.number().int().min(1).max(200).default(50),
});

/** A record for people to read; what the chain needs of it is not in here. */
export const auditEntry = z.object({
  seq: z.number().int(),
  time,
  event: z.string(),
  kind: z.enum(auditKinds),
  /** It tells of something that was refused or has failed. */
  refused: z.boolean(),
  who: z.string(),
  connection: z.string().optional(),
  details: z.array(z.object({ name: z.string(), value: z.string() })),
});
export type AuditEntry = z.infer<typeof auditEntry>;

export const auditPage = z.object({
  /** The newest first. */
  entries: z.array(auditEntry),
  /** Where older ones begin; absent at the end. A page with no entries has looked through some thousand records. */
  before: z.string().optional(),
  /** Of the oldest record that was looked at. */
  backTo: time.optional(),
});

export const auditVerdict = z.object({
  ok: z.boolean(),
  /** The result in a sentence, and what to do about it where it is bad. */
  message: z.string(),
  remedy: z.string().optional(),
  records: z.number().int(),
  files: z.number().int(),
  /** The first places where the chain does not hold. */
  breaks: z.array(z.object({ file: z.string(), line: z.number().int(), detail: z.string() })),
});
export type AuditVerdictShown = z.infer<typeof auditVerdict>;
