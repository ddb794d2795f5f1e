import type { RuleGroup } from '../entra/directory-checks.ts';
import type { Audit } from '../audit/audit.ts';
import { defined } from '../base/defined.ts';
import { createMutex } from '../base/mutex.ts';
import { changeProviders, type ProviderChange } from '../config/edit.ts';
import type { Configuration } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { ProviderForm } from '../contract/shapes.ts';
import type { Account, ProviderState } from '../contract/state.ts';
import type { Session } from '../session/session.ts';
import type { ConfigurationFile } from './configuration-file.ts';
import { ConnectedProviders } from './connected-providers.ts';
import { ProviderSecrets } from './provider-secrets.ts';
import type { ProviderPorts } from './provider.ts';

export interface ProviderRegistryOptions {
  configurationFile: ConfigurationFile;
  /** As it counts now. */
  configuration(): Configuration;
  ports: ProviderPorts;
  audit: Pick<Audit, 'append'>;
  changed(): void;
}

export type ProviderRegistry = Awaited<ReturnType<typeof createProviderRegistry>>;

type Recorded = 'saved' | 'removed' | 'enabled' | 'disabled';

/** The providers in the order of the chain, and their administration: changes go to the configuration file first. */
export async function createProviderRegistry(options: ProviderRegistryOptions) {
  const { configurationFile, ports, audit, changed } = options;
  const mutex = createMutex();
  let connected = new ConnectedProviders(options.configuration(), ports);
  const secrets = await ProviderSecrets.open({
    texts: ports.applicationSecrets,
    connected: () => connected,
    audit,
    changed,
    log: ports.log,
  });

  /** One after the other, up to where the session knows of it. */
  const change = (session: Session, wanted: ProviderChange, record: Recorded): Promise<void> =>
    mutex.run(() => changeAlone(session, wanted, record));

  async function changeAlone(session: Session, wanted: ProviderChange, record: Recorded): Promise<void> {
    const provider = wanted.kind === 'save' ? wanted.provider.name : wanted.name;
    let connectedNext = connected;
    await configurationFile.change({
      edit: (text, organisation) => changeProviders(text, wanted, configurationFile.path, organisation),
      accept(next, before) {
        refuseBreakGlass(before, next);
        // Before anything is written: what cannot be connected would end the next start.
        connectedNext = new ConnectedProviders(next, ports, connected);
      },
      event: () => ({ event: 'provider-changed', provider, change: record }),
    });
    await take(session, connectedNext);
  }

  async function take(session: Session, next: ConnectedProviders): Promise<void> {
    connected = next;
    await session.setProviders(connected.all.map((one) => one.provider));
    await secrets.readNames();
    changed();
  }

  function ruleGroups(): RuleGroup[] {
    const { connections, providers } = options.configuration();
    const naming = Map.groupBy(
      connections.flatMap(({ name, rules }) => rules.map(({ group }) => ({ name, group }))),
      ({ group }) => group,
    );
    const directories = providers.filter(({ type, enabled }) => type !== 'local' && enabled);
    const local = new Set(
      providers.flatMap((one) => (one.type === 'local' ? one.accounts.flatMap(({ groups }) => groups) : [])),
    );
    return Array.from(naming, ([id, rules]) => ({
      id,
      connections: [...new Set(rules.map(({ name }) => name))],
      mayBeElsewhere: directories.length > 1 || local.has(id),
    }));
  }

  return {
    providers: () => connected.all.map(({ provider }) => provider),
    named: (name: string) => connected.named(name),
    /** Whether the file has any, in the chain or not. */
    hasAny: (): boolean => connected.isAnyConfigured,
    hasSecret: (name: string): boolean => secrets.has(name),
    state: (): ProviderState[] =>
      connected.all.map(({ provider }) => ({
        name: provider.name,
        type: provider.type,
        enabled: provider.enabled,
        tenant: provider.tenant,
        applicationId: provider.applicationId,
        domains: [...provider.domains],
        ways: [...provider.ways],
        hasSecret: secrets.has(provider.name),
        ...defined({ secretEnd: secrets.endOf(provider.name) }),
      })),

    /** Finds out when secrets run out, in the background. */
    lookAtSecrets: (): void => void secrets.look(),
    close: (): void => secrets.close(),

    /** @throws LatchkeyError `config-invalid` with the faults of the form, `store-failed`, `audit-unwritable` */
    save: (session: Session, provider: ProviderForm) => change(session, { kind: 'save', provider }, 'saved'),
    async remove(session: Session, name: string): Promise<void> {
      await change(session, { kind: 'remove', name }, 'removed');
      await ports.applicationSecrets.delete(name);
    },
    setEnabled: (session: Session, name: string, enabled: boolean) =>
      change(session, { kind: 'enable', name, enabled }, enabled ? 'enabled' : 'disabled'),
    /**
     * Connects those of another configuration, without anything counting yet.
     * @returns makes them count: whoever is signed in with one that is gone or turned off is out
     * @throws LatchkeyError `config-invalid` for an authority that cannot be used
     */
    prepare(next: Configuration): (session: Session) => Promise<void> {
      // Whether they can be connected; when they are to count, those that are connected by then go on.
      void new ConnectedProviders(next, ports, connected);
      return (session) => mutex.run(() => take(session, new ConnectedProviders(next, ports, connected)));
    },
    setSecret: (name: string, secret: string | undefined) => secrets.set(name, secret),

    /** As {@link ConnectedProviders.check}. */
    validate: (name: string, known: Parameters<ConnectedProviders['check']>[2]) =>
      connected.check(name, ruleGroups(), known),
    /** As {@link ConnectedProviders.groupsOf}. */
    groupsOf: (name: string, username: string, as: Account | undefined) =>
      connected.groupsOf(name, username, as),
  };
}

/** Break-glass is turned on in the file by its owner, never from here: nothing that asks here could prove to be them. */
function refuseBreakGlass(before: Configuration | undefined, after: Configuration): void {
  const isOn = (configuration: Configuration | undefined): boolean =>
    configuration?.providers.some(({ type, enabled }) => type === 'local' && enabled) === true;
  if (!isOn(after) || isOn(before)) return;
  throw new LatchkeyError(
    'request-refused',
    'Break-glass accounts are turned on in the configuration file only.',
    {
      remedy:
        'Whoever owns the file sets "enabled: true" at the provider of type "local", and runs: latchkey config reload',
    },
  );
}
