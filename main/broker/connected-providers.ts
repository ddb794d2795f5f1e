import type { RuleGroup } from '../entra/directory-checks.ts';
import { isDeepStrictEqual } from 'node:util';
import type { Configuration, ProviderSettings } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { Check } from '../contract/shapes.ts';
import type { Account, Group } from '../contract/state.ts';
import { createProvider, type ConnectedProvider, type ProviderPorts } from './provider.ts';

/** The providers of one configuration, connected, in the order of its chain. */
export class ConnectedProviders {
  readonly all: readonly ConnectedProvider[];
  /** Whether the configuration has any, in the chain or not. */
  readonly isAnyConfigured: boolean;
  readonly #ports: ProviderPorts;

  /**
   * @param before what is connected until then: a provider whose settings are the same goes on, and with it whoever is
   *   signed in or signing in there
   * @throws LatchkeyError `config-invalid` for an authority that cannot be used
   */
  constructor(configuration: Configuration, ports: ProviderPorts, before?: ConnectedProviders) {
    this.#ports = ports;
    this.isAnyConfigured = configuration.providers.length > 0;
    this.all = inChainOrder(configuration).map((settings) => {
      const known = before?.all.find((one) => one.settings.name === settings.name);
      return known !== undefined && isDeepStrictEqual(known.settings, settings)
        ? known
        : createProvider(settings, ports, known);
    });
  }

  /** @throws LatchkeyError `request-invalid` */
  named(name: string): ConnectedProvider {
    const found = this.all.find(({ settings }) => settings.name === name);
    if (found !== undefined) return found;
    throw new LatchkeyError('request-invalid', `There is no provider "${name}".`, {
      remedy: 'See them with: latchkey provider list',
    });
  }

  /**
   * Groups of somebody else: with the application secret where one is stored, else with the permissions of an account that
   * is signed in with this provider. Undefined where there is neither.
   */
  async groupsOf(
    name: string,
    username: string,
    as: Account | undefined,
  ): Promise<{ groups: Group[]; source: string } | undefined> {
    const { application, accounts } = this.named(name);
    if (application !== undefined && (await this.#ports.applicationSecrets.get(name)) !== undefined) {
      const { groups } = await application.groupsOf(username);
      return { groups, source: 'read now with the application secret' };
    }
    if (accounts === undefined || as === undefined) return undefined;
    const { groups } = await accounts.of(as.objectId).graph.groupsOf(username);
    return { groups, source: `read now with the permissions of ${as.username}` };
  }

  /**
   * What the doctor finds of one provider.
   * @param lastFault AADSTS number of its last failed sign-in
   * @param as an account that is signed in with it: what it may look up is tried with its permissions
   */
  async check(
    name: string,
    ruleGroups: readonly RuleGroup[],
    { lastFault, as }: { lastFault: number | undefined; as: Account | undefined },
  ): Promise<Check[]> {
    const { fetchFor, applicationSecrets, localAccounts } = this.#ports;
    const { settings, accounts } = this.named(name);
    if (settings.type === 'local') {
      const named = (await localAccounts.list()).filter(({ isInFile }) => isInFile);
      const message = `${named.length} break-glass accounts, ${settings.enabled ? 'turned on' : 'turned off'}.`;
      return [{ name: `${name}: accounts`, result: 'ok', message }];
    }
    const directory = as && accounts?.of(as.objectId).azure;
    const granted = async () => directory?.grantedScopes();
    const { checkProvider } = await import('../entra/provider-checks.ts');
    return checkProvider(settings, {
      fetch: fetchFor(settings),
      signal: AbortSignal.timeout(60_000),
      secret: () => applicationSecrets.get(name),
      granted,
      graphToken: async () => ((await granted()) === undefined ? undefined : directory?.graphToken()),
      ruleGroups,
      lastFault: async () => lastFault,
    });
  }
}

/** By `chain` where it is given; a provider that it leaves out is not asked at all. */
function inChainOrder({ providers, chain }: Configuration): ProviderSettings[] {
  if (chain === undefined) return providers;
  return chain.flatMap((name) => providers.filter((provider) => provider.name === name));
}
