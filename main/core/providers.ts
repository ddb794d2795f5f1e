import { readFile } from 'node:fs/promises';
import type { Audit } from '../audit/audit.ts';
import { changeProviders, type ProviderChange } from '../config/edit.ts';
import { parseConfiguration } from '../config/load.ts';
import type { Configuration, ProviderSettings } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { Check, ProviderForm } from '../contract/ipc.ts';
import type { Group, ProviderState } from '../contract/state.ts';
import { checkProvider } from '../doctor/provider-checks.ts';
import type { Session } from '../identity/session.ts';
import { writeDurably } from '../store/durable-file.ts';
import { createProvider, type ConnectedProvider, type ProviderPorts } from './provider.ts';

export interface ProviderDeskOptions {
  configFile: string;
  configuration: Configuration;
  ports: ProviderPorts;
  audit: Pick<Audit, 'append'>;
  changed(): void;
}

export type ProviderDesk = Awaited<ReturnType<typeof createProviderDesk>>;

/** The providers in the order of the chain, and their administration: changes go to the configuration file first. */
export async function createProviderDesk(options: ProviderDeskOptions) {
  const { configFile, ports, audit, changed } = options;
  const { applicationSecrets } = ports;
  let connected = connect(options.configuration);
  let withSecret = await namesWithSecret();

  function connect(configuration: Configuration): ConnectedProvider[] {
    return inChainOrder(configuration).map((settings) => createProvider(settings, ports));
  }

  async function namesWithSecret(): Promise<Set<string>> {
    const known = await applicationSecrets.known(connected.map(({ settings }) => settings.name));
    return new Set(known.filter(({ stored }) => stored).map(({ name }) => name));
  }

  function named(name: string): ConnectedProvider {
    const found = connected.find(({ settings }) => settings.name === name);
    if (found !== undefined) return found;
    throw new LatchkeyError('request-invalid', `There is no provider "${name}".`, {
      remedy: 'See them with: latchkey provider list',
    });
  }

  async function change(
    session: Session,
    wanted: ProviderChange,
    record: 'saved' | 'removed' | 'enabled' | 'disabled',
  ): Promise<void> {
    const text = await readFile(configFile, 'utf8').catch((cause: unknown) => {
      throw new LatchkeyError('config-unreadable', `The configuration ${configFile} cannot be read.`, {
        remedy: 'Make the file readable for this user.',
        cause,
      });
    });
    const next = changeProviders(text, wanted, configFile);
    await audit.append({
      event: 'provider-changed',
      provider: wanted.kind === 'save' ? wanted.provider.name : wanted.name,
      change: record,
    });
    await writeDurably(configFile, new TextEncoder().encode(next));
    connected = connect(parseConfiguration(next, configFile));
    await session.setProviders(connected.map(({ provider }) => provider));
    withSecret = await namesWithSecret();
    changed();
  }

  return {
    providers: () => connected.map(({ provider }) => provider),
    named,
    state: (): ProviderState[] =>
      connected.map(({ provider }) => ({
        name: provider.name,
        type: provider.type,
        enabled: provider.enabled,
        tenant: provider.tenant,
        applicationId: provider.applicationId,
        domains: [...provider.domains],
        ways: [...provider.ways],
        hasSecret: withSecret.has(provider.name),
      })),

    /** @throws LatchkeyError `config-invalid` with the faults of the form, `store-failed`, `audit-unwritable` */
    save: (session: Session, provider: ProviderForm) => change(session, { kind: 'save', provider }, 'saved'),
    async remove(session: Session, name: string): Promise<void> {
      await change(session, { kind: 'remove', name }, 'removed');
      await applicationSecrets.delete(name);
    },
    setEnabled: (session: Session, name: string, enabled: boolean) =>
      change(session, { kind: 'enable', name, enabled }, enabled ? 'enabled' : 'disabled'),

    /** Seals the application secret; an undefined one is forgotten. */
    async setSecret(name: string, secret: string | undefined): Promise<void> {
      named(name);
      await audit.append({
        event: 'provider-changed',
        provider: name,
        change: secret === undefined ? 'secret-deleted' : 'secret-set',
      });
      if (secret === undefined) await applicationSecrets.delete(name);
      else await applicationSecrets.set(name, secret);
      withSecret = await namesWithSecret();
      changed();
    },

    /** What the doctor finds of one provider. @param lastFault AADSTS number of its last failed sign-in */
    async validate(name: string, lastFault: number | undefined): Promise<Check[]> {
      const { settings, directory } = named(name);
      if (settings.type === 'local') {
        const accounts = await ports.localAccounts.list();
        return [
          {
            name: `${name}: accounts`,
            result: 'ok',
            message: `${accounts.length} break-glass accounts, ${settings.enabled ? 'turned on' : 'turned off'}.`,
          },
        ];
      }
      return checkProvider(settings, {
        fetch: ports.fetchFor(settings),
        signal: AbortSignal.timeout(60_000),
        secret: () => applicationSecrets.get(name),
        granted: async () => directory?.grantedScopes(),
        lastFault: async () => lastFault,
      });
    },

    /**
     * Groups of somebody else: with the application secret where one is stored, else with the permissions of the person
     * who is signed in with this provider. Undefined where there is neither.
     */
    async groupsOf(name: string, username: string): Promise<{ groups: Group[]; source: string } | undefined> {
      const { application, graph, directory } = named(name);
      if (application !== undefined && (await applicationSecrets.get(name)) !== undefined) {
        return {
          groups: (await application.groupsOf(username)).groups,
          source: 'read now with the application secret',
        };
      }
      if (graph === undefined || (await directory?.grantedScopes()) === undefined) return undefined;
      return {
        groups: (await graph.groupsOf(username)).groups,
        source: 'read now with the permissions of the person who is signed in',
      };
    },
  };
}

/** By `chain` where it is given; a provider that it leaves out is not asked at all. */
function inChainOrder({ providers, chain }: Configuration): ProviderSettings[] {
  if (chain === undefined) return providers;
  return chain.flatMap((name) => providers.filter((provider) => provider.name === name));
}
