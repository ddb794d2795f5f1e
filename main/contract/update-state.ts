import { z } from 'zod';
import { problem } from './sign-in-state.ts';

export const updateChannels = ['stable', 'beta'] as const;
export type UpdateChannel = (typeof updateChannels)[number];

/** Why nobody looks for newer versions. */
export const updatesOffReasons = ['no-screen', 'not-packaged', 'no-key', 'configuration'] as const;

const version = z.string();
const origin = z.enum(['built-in', 'organisation', 'person']);
const percent = z.number().int().min(0).max(100);

/** @param shown the form of a problem on this surface */
export function updateStateWith<Shown extends z.ZodType>(shown: Shown) {
  return z.object({
    now: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('off'), reason: z.enum(updatesOffReasons), origin: origin.optional() }),
      /** Nobody has asked yet. */
      z.object({ kind: z.literal('unknown') }),
      z.object({ kind: z.literal('checking') }),
      /** `offered` where the server has an older version, which is not taken. */
      z.object({ kind: z.literal('up-to-date'), offered: version.optional() }),
      /** This installation does not replace itself; what does so is in `command`, and the file is at `address`. */
      z.object({
        kind: z.literal('available'),
        version,
        by: z.enum(['deb', 'rpm', 'archive', 'msi']),
        command: z.string().optional(),
        address: z.string(),
      }),
      z.object({ kind: z.literal('downloading'), version, percent }),
      z.object({ kind: z.literal('ready'), version }),
      /** With a `version` it was found, and can be had again. */
      z.object({ kind: z.literal('failed'), problem: shown, version: version.optional() }),
    ]),
    /** What the configuration says, and who has set it; `locked` where the person cannot change it. */
    channel: z.object({ value: z.enum(updateChannels), origin, locked: z.boolean() }),
    /** The one version that is taken. */
    pinned: z.object({ version, origin }).optional(),
    /** The server that takes the place of the public one. */
    server: z.object({ address: z.string(), origin }).optional(),
    /** Of the last answer that counted. */
    checkedAt: z.iso.datetime().optional(),
  });
}

export const updateState = updateStateWith(problem);
export type UpdateState = z.infer<typeof updateState>;
