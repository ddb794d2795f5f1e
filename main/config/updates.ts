import { z } from 'zod';
import { isLoopbackHost } from '../contract/loopback.ts';
import { updateChannels } from '../contract/update-state.ts';
import type { Fault } from './fault.ts';
import { openForms } from './values.ts';

/** Where newer versions of the desktop application come from, and which. */
export const updateSettings = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('Whether the desktop application looks for newer versions of itself.'),
  channel: z
    .enum(updateChannels)
    .default('stable')
    .describe('"beta" also takes versions that are being tried out.'),
  version: z
    .string()
    .regex(
      /^(0|[1-9]\d{0,8})(\.(0|[1-9]\d{0,8})){2}(-[0-9A-Za-z.-]{1,50})?$/,
      'must be a version such as 1.4.2',
    )
    .register(openForms, { open: true })
    .optional()
    .describe('This version and no other, as long as it is not older than the one that runs.'),
  server: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .optional()
    .describe(
      'A server of your own with the files of a release (docs/UPDATES.md), which is asked in place of the public one. "http" is for loopback only.',
    ),
});
export type UpdateSettings = z.output<typeof updateSettings>;

export function updateFaults({ server }: UpdateSettings): Fault[] {
  if (server === undefined) return [];
  const path = ['updates', 'server'];
  const { protocol, hostname, username, password, search, hash } = new URL(server);
  if (protocol === 'http:' && !isLoopbackHost(hostname))
    return [{ path, message: 'must be an https address' }];
  if (username !== '' || password !== '') return [{ path, message: 'must hold no password' }];
  if (search !== '' || hash !== '')
    return [{ path, message: 'must be the address of a folder, without "?" and "#"' }];
  return [];
}
