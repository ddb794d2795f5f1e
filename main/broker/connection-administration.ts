import { createMutex } from '../base/mutex.ts';
import { changeConnections, unknownConnection, writtenConnections } from '../config/connections.ts';
import { loadedFrom, type LoadedConfiguration } from '../config/load.ts';
import { organisationLists } from '../config/organisation.ts';
import { storedNames } from '../config/password-source.ts';
import type { Configuration, ConnectionSettings } from '../config/schema.ts';
import { actions } from '../contract/actions.ts';
import type { ConnectionForm, RoleSecret, Saved, Written } from '../contract/connection-shapes.ts';
import { fromProblem, LatchkeyError, toProblem } from '../contract/errors.ts';
import type { Reloaded } from '../contract/shapes.ts';
import { protocolNames, type ProtocolName } from '../contract/protocols.ts';
import type { ConfigurationFile } from './configuration-file.ts';
import { listedConnections } from './listed-connections.ts';
import { findFreePort } from './free-port.ts';

export interface ConnectionAdministrationOptions {
  configurationFile: ConfigurationFile;
  /** As it counts now. */
  configuration(): Configuration;
  /** At which a connection that counts is listened at. */
  portOf(connection: string): number | undefined;
  /** Whether anybody could sign in and prove that they administer. */
  hasProviders(): boolean;
  /** What has been written is made to count. */
  apply(): Promise<Reloaded>;
  /** Keeps a password that what is applied names. */
  storePassword(name: string, value: string): Promise<void>;
}

interface SaveRequest {
  connections: readonly ConnectionForm[];
  passwords?: readonly RoleSecret[] | undefined;
}

interface Draft {
  name: string;
  settings: Record<string, unknown>;
  role?: string | undefined;
}

const noGroup = '00000000-0000-0000-0000-000000000000';

/** The connections of the configuration file: written there, and then applied. */
export function createConnectionAdministration(options: ConnectionAdministrationOptions) {
  const { configurationFile, configuration, portOf, hasProviders, apply, storePassword } = options;
  const { path } = configurationFile;
  const mutex = createMutex();

  /** Beside those of the file, which an editor may have changed, the ports that are listened at now. */
  function takenPorts(written: Record<string, unknown>[]): Set<number> {
    const { connections, api, metrics } = configuration();
    const ports = [...written.map(({ port }) => port), ...connections.map(({ name }) => portOf(name))];
    return new Set([...ports, api.port, metrics.port].filter((port) => typeof port === 'number'));
  }

  async function withPorts(forms: readonly ConnectionForm[]): Promise<ConnectionForm[]> {
    const written = writtenConnections((await configurationFile.texts()).person, path);
    const taken = takenPorts([...written, ...forms.map(({ settings }) => settings)]);
    const complete: ConnectionForm[] = [];
    for (const form of forms) {
      const protocol = protocolNames.find((one) => one === form.settings['protocol']);
      if (form.is === 'there' || form.settings['port'] !== undefined || protocol === undefined) {
        complete.push(form);
        continue;
      }
      const port = await findFreePort(protocol, taken);
      taken.add(port);
      complete.push({ ...form, settings: { ...form.settings, port } });
    }
    return complete;
  }

  async function saveAlone({ connections: forms, passwords = [] }: SaveRequest): Promise<Saved> {
    const connections = await withPorts(forms);
    const names = forms.map(({ name, settings }) => nameOf(settings) ?? name);
    const saved = (next: Configuration): ConnectionSettings[] =>
      next.connections.filter(({ name }) => names.includes(name));
    const next = await configurationFile.change({
      edit: (text, organisation) =>
        changeConnections(text, { kind: 'save', connections }, path, organisation),
      inOrder: names,
      accept(result) {
        if (!hasProviders()) {
          saved(result).forEach(refusePrograms);
          refuseFirstPasswords(passwords);
        }
        refuseUnnamed(passwords, saved(result));
      },
      event: (result) => ({
        event: 'connections-changed',
        change: 'saved',
        connections: names,
        upstreams: saved(result).map(({ protocol, upstream }) => `${protocol} ${whereOf(upstream)}`),
      }),
    });
    const { ended, warnings } = await apply();
    return {
      connections: saved(next).flatMap(({ name }) => withPort(name, portOf(name))),
      warnings: warnings.filter((text) => names.some((name) => text.includes(`"${name}"`))),
      ended,
      ...(await storeAll(passwords, storePassword)),
    };
  }

  return {
    /** Adds connections or changes them; all or none. A new one without a port gets a free one. */
    save: (request: SaveRequest): Promise<Saved> => mutex.run(() => saveAlone(request)),

    async remove({ name }: { name: string }): Promise<Written> {
      await configurationFile.change({
        edit: (text, organisation) => changeConnections(text, { kind: 'remove', name }, path, organisation),
        event: () => ({ event: 'connections-changed', change: 'removed', connections: [name] }),
      });
      const { ended } = await apply();
      return { connections: [], warnings: [], ended };
    },

    /** Those of the file, and a port for a new one of each protocol. */
    async read() {
      const texts = await configurationFile.texts();
      const connections = listedConnections(texts, path, configuration().connections);
      const taken = takenPorts(connections.map(({ settings }) => settings));
      const ports = await Promise.all(
        protocolNames.map(async (protocol) => [protocol, await findFreePort(protocol, taken)] as const),
      );
      return {
        connections,
        freePorts: Object.fromEntries(ports) as Record<ProtocolName, number>,
      };
    },

    /**
     * A connection as it would be with these settings, checked as if it were to be written.
     * @throws LatchkeyError `config-invalid`, `request-invalid`
     */
    async drafted({ name, settings, role = 'nobody' }: Draft): Promise<ConnectionSettings> {
      const { person, organisation } = await configurationFile.texts();
      const isThere = [
        ...writtenConnections(person, path),
        ...organisationLists(organisation).connections,
      ].some((one) => nameOf(one) === name);
      // To be looked at alone: a new one may have no rule yet, without which it would be no connection.
      const rules = isThere ? {} : { rules: [{ group: noGroup, role }] };
      const [form] = await withPorts([
        { name, is: isThere ? 'there' : 'new', settings: { ...rules, ...settings } },
      ]);
      if (form === undefined) throw new TypeError('a form went missing');
      const changed = changeConnections(person, { kind: 'save', connections: [form] }, path, organisation);
      return connectionIn(loadedFrom({ person: changed, organisation }, path), nameOf(settings) ?? name);
    },

    /** A connection as the file has it. @throws LatchkeyError `request-invalid` */
    async written(name: string): Promise<ConnectionSettings> {
      return connectionIn(loadedFrom(await configurationFile.texts(), path), name);
    },
  };
}
export type ConnectionAdministration = ReturnType<typeof createConnectionAdministration>;

/** What of it takes a proof of the person; see administered.ts. */
export function connectionActions({ save, remove }: Pick<ConnectionAdministration, 'save' | 'remove'>) {
  return {
    saveConnections: {
      action: 'connections saved',
      subject: ({ connections }: { connections: ConnectionForm[] }) =>
        connections.map(({ name }) => name).join(', '),
      // Which keys, and not their values: nothing has looked yet whether somebody has pasted a secret there.
      detail: ({ connections }: { connections: ConnectionForm[] }) =>
        JSON.stringify(connections.map(({ name, settings }) => ({ name, keys: Object.keys(settings) }))),
      rules: () => ({ firstRun: actions.saveConnections.firstRun }),
      run: save,
    },
    removeConnection: {
      action: 'connection removed',
      subject: ({ name }: { name: string }) => name,
      run: remove,
    },
  };
}

function withPort(name: string, port: number | undefined): Saved['connections'] {
  return port === undefined ? [] : [{ name, port }];
}

function connectionIn({ configuration, faulty }: LoadedConfiguration, name: string): ConnectionSettings {
  const found = configuration.connections.find((one) => one.name === name);
  if (found !== undefined) return found;
  const leftOut = faulty.find((one) => one.name === name);
  throw leftOut === undefined ? unknownConnection(name) : fromProblem(leftOut.problem);
}

function nameOf(settings: Record<string, unknown>): string | undefined {
  const { name } = settings;
  return typeof name === 'string' ? name : undefined;
}

function whereOf({ socket, host, port, hosts }: ConnectionSettings['upstream']): string {
  if (socket !== undefined) return socket;
  return hosts?.join(' ') ?? (port === undefined ? host : `${host}:${port}`);
}

/** The connections stand in the file by now: what goes wrong here is told beside them. */
async function storeAll(
  passwords: readonly RoleSecret[],
  store: ConnectionAdministrationOptions['storePassword'],
): Promise<Pick<Saved, 'stored' | 'notStored'>> {
  const stored: string[] = [];
  try {
    for (const { name, value } of passwords) {
      await store(name, value);
      stored.push(name);
    }
  } catch (error) {
    return { stored, notStored: toProblem(error) };
  }
  return { stored };
}

/** Only what the connections name that are saved: no way to the other passwords. */
function refuseUnnamed(passwords: readonly RoleSecret[], saved: readonly ConnectionSettings[]): void {
  const names = saved.flatMap(({ rules, upstream }) => [
    ...rules.flatMap(storedNames),
    ...(upstream.tls.clientKey === undefined ? [] : [upstream.tls.clientKey.stored]),
  ]);
  const unnamed = passwords.find(({ name }) => !names.includes(name));
  if (unnamed === undefined) return;
  throw new LatchkeyError(
    'request-invalid',
    `None of the connections names the password "${unnamed.name}".`,
    {
      remedy: 'Name it in a rule: password: {stored: …}.',
    },
  );
}

/** Before there is a provider nobody can prove who they are; `latchkey secret set` proves it by the home folder. */
function refuseFirstPasswords(passwords: readonly RoleSecret[]): void {
  if (passwords.length === 0) return;
  throw new LatchkeyError(
    'request-refused',
    'Before there is a provider passwords are stored on the command line alone.',
    { remedy: 'Add a provider first, or run: latchkey secret set <name>' },
  );
}

/** Before there is a provider nobody can prove who they are, and a program would run as whoever runs Latchkey. */
function refusePrograms({ name, upstream, rules }: ConnectionSettings): void {
  const runs = rules.some(({ password }) => password !== undefined && 'command' in password);
  if (!runs && (upstream.via === undefined || 'socks' in upstream.via)) return;
  throw new LatchkeyError(
    'request-refused',
    `Connection "${name}" names a program to run, which the configuration file alone can do before there is a provider.`,
    { remedy: 'Add a provider first (latchkey provider add), or write it into the file in an editor.' },
  );
}
