import { z } from 'zod';
import { problem } from './sign-in-state.ts';
import { peerProcess } from './state.ts';

/** A login of a client that came through, or what it was told instead. */
export const recentLogin = z.object({
  id: z.number().int(),
  at: z.iso.datetime(),
  connection: z.string(),
  database: z.string(),
  /** What the client calls itself; never trusted, only shown. */
  program: z.string(),
  process: peerProcess.optional(),
  /** Whose token or handle it was, where that was found. */
  username: z.string().optional(),
  role: z.string().optional(),
  outcome: z.enum(['opened', 'refused']),
  /** The words that the client got, and what to do. */
  problem: problem.optional(),
});
export type RecentLogin = z.infer<typeof recentLogin>;
