import { watchFiles } from '../base/watch-files.ts';
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

/**
 * Has the sessions of break-glass accounts looked at again as soon as the file changes, since groups and the end of an
 * account stand there.
 * @returns the way to stop
 */
export function watchBreakGlass(
  { file, organisation }: ConfigurationSource,
  session: Pick<Session, 'all' | 'refresh'>,
): () => void {
  const look = (): void => {
    if (session.all().some(({ account }) => account.tenantId === localTenant)) void session.refresh();
  };
  return watchFiles([file, ...organisation.files], look);
}

/** Whether this is the break-glass account of that name. */
export function isLocalAccount({ tenantId, username }: Account, name: string): boolean {
  return tenantId === localTenant && username === name.trim().toLowerCase();
}
