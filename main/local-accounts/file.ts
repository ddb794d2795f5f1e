import { unwatchFile, watchFile } from 'node:fs';
import { loadConfiguration, type ConfigurationSource } from '../config/load.ts';
import type { Configuration } from '../config/schema.ts';
import type { Account } from '../contract/state.ts';
import { localTenant, type BreakGlassAccounts } from './lookup.ts';
import type { Session } from '../session/session.ts';

/** What a configuration says of break-glass accounts; without a provider of type "local" there are none. */
function breakGlassOf({ providers }: Configuration): BreakGlassAccounts {
  for (const provider of providers) {
    if (provider.type !== 'local') continue;
    const { enabled } = provider;
    const accounts = provider.accounts.map(({ username, displayName = username, groups }) => ({
      username,
      displayName,
      groups,
    }));
    return { enabled, accounts };
  }
  return { enabled: false, accounts: [] };
}

/**
 * Reads it each time: who is taken out there is out without a restart.
 * @throws LatchkeyError `config-unreadable`, `config-invalid`: then nobody can sign in so
 */
export function breakGlassFile(source: ConfigurationSource): () => Promise<BreakGlassAccounts> {
  return async () => breakGlassOf((await loadConfiguration(source)).configuration);
}

const lookEveryMs = 1000;

/**
 * Has the sessions of break-glass accounts looked at again as soon as the file changes, since groups and the end of an
 * account stand there. Looks at its times, which works on every file system.
 * @returns the way to stop
 */
export function watchBreakGlass(
  { file, organisation }: ConfigurationSource,
  session: Pick<Session, 'all' | 'refresh'>,
): () => void {
  const look = (): void => {
    if (session.all().some(({ account }) => account.tenantId === localTenant)) void session.refresh();
  };
  const files = [file, ...organisation.files];
  for (const one of files) watchFile(one, { interval: lookEveryMs, persistent: false }, look);
  return () => files.forEach((one) => unwatchFile(one, look));
}

/** Whether this is the break-glass account of that name. */
export function isLocalAccount({ tenantId, username }: Account, name: string): boolean {
  return tenantId === localTenant && username === name.trim().toLowerCase();
}
