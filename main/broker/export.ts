import { hostname } from 'node:os';
import { join } from 'node:path';
import { openSinks, type Sinks } from '../fleet/sinks.ts';
import type { PartOptions, Services } from './options.ts';
import type { BrokerRecord } from './record.ts';
import type { Sealed } from './sealed.ts';

/** The servers that get each record of the audit. They are closed with the record, after its last word. */
export async function openExport(
  { home, inForce, version, fetchWith }: PartOptions,
  services: Services,
  record: BrokerRecord,
  { passwords }: Pick<Sealed, 'passwords'>,
): Promise<Sinks> {
  const sinks = await openSinks({
    ...services,
    folder: join(home.path, 'export'),
    auditFolder: home.audit,
    settings: () => inForce.configuration.audit.sinks,
    stored: passwords.get,
    fetchWith,
    host: hostname(),
    version,
  });
  record.leavesTo(sinks);
  return sinks;
}
