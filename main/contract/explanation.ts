import { z } from 'zod';

/** One line of an explanation, in the order in which a login meets it. */
const reason = z.object({
  step: z.enum(['chain', 'session', 'groups', 'rule', 'second-factor', 'verdict']),
  /** `info` neither opens nor closes anything by itself. */
  effect: z.enum(['allows', 'denies', 'info']),
  text: z.string(),
});
export type Reason = z.infer<typeof reason>;

export const explanation = z.object({
  username: z.string(),
  connection: z.string(),
  allowed: z.boolean(),
  roles: z.array(z.string()),
  reasons: z.array(reason),
});
export type Explanation = z.infer<typeof explanation>;
