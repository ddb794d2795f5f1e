import { join } from 'node:path';
import { openAudit } from '../audit/audit.ts';
import { loadConfiguration, type ConfigurationSource } from '../config/load.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { Enrolment } from '../contract/shapes.ts';
import { createLocalAccounts } from './accounts.ts';
import { createTotp } from '../second-factor/totp.ts';
import { openHome } from '../store/home.ts';
import { openKeyFileSeal } from '../store/seal.ts';
import { refuseOtherKey } from '../store/same-key.ts';
import { createSecretStore } from '../store/secret-store.ts';
import { breakGlassFile } from './file.ts';
import { createLocalAdministration } from './administration.ts';

/**
 * Sets up a break-glass account of the configuration file while no broker runs: by whoever owns the home, the file and
 * the key that seals the secrets, which is what a step-up would prove otherwise. What was stored of the account is
 * replaced.
 * @param firstCode shows the key of the authenticator and asks for a code of it
 * @returns its recovery codes
 * @throws LatchkeyError `home-in-use` where a broker runs, `request-invalid`, `config-invalid`, `seal-unavailable`, …
 */
export async function setUpOffline(
  { source, homePath, keyFile }: { source: ConfigurationSource; homePath: string; keyFile: string },
  { username, password }: { username: string; password: string },
  firstCode: (enrolment: Enrolment) => Promise<string>,
): Promise<string[]> {
  const { configuration } = await loadConfiguration(source);
  const provider = configuration.providers.find(({ type }) => type === 'local');
  if (provider === undefined) {
    throw new LatchkeyError('request-invalid', 'The configuration has no provider of type "local".', {
      remedy: 'Add one with its accounts first; docs/CONFIGURATION.md shows how.',
    });
  }
  const seal = await openKeyFileSeal(keyFile);
  const home = await openHome(homePath);
  const closers: (() => Promise<void> | void)[] = [() => home.close()];
  try {
    await refuseOtherKey(home.sealed, seal);
    const audit = await openAudit({ folder: home.audit });
    closers.push(() => audit.close());
    const secrets = createSecretStore({ folder: home.sealed, seal });
    const totp = createTotp({
      folder: join(home.path, 'mfa'),
      secrets,
      seal,
      issuer: configuration.mfa.issuer,
    });
    const accounts = createLocalAccounts({
      secrets,
      totp,
      file: breakGlassFile(source),
      provider: provider.name,
    });
    const administration = createLocalAdministration(accounts, totp, audit, async () => undefined);
    const before = (await accounts.list()).find((account) => account.username === username.toLowerCase());
    if (before?.isSetUp === true) await administration.remove(username);
    const enrolment = await administration.add({ username, password });
    return await administration.confirm(username, await firstCode(enrolment));
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}
