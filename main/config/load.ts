import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { z } from 'zod';
import { type ErrorCode, type FileFault, LatchkeyError } from '../contract/errors.ts';
import { readProviderAddress } from '../contract/provider-address.ts';
import { withAbsoluteFiles } from './absolute-files.ts';
import { clashes } from './check-ports.ts';
import { controlsInName, hasControls, misreadTexts } from './check-texts.ts';
import { crossChecks } from './check.ts';
import { ownDatabase } from './databases.ts';
import { explain } from './explain.ts';
import type { Fault } from './fault.ts';
import {
  demandWhole,
  entriesOf,
  entryAt,
  faultyConnection,
  type FaultyConnection,
  invalidLayers,
} from './faulty.ts';
import { keptOf, pathInAll, withEntries } from './kept.ts';
import { parseLayer, placeText } from './layer.ts';
import { mergeLayers, type Merged } from './layers.ts';
import { parseOrganisation, type Organisation, type OrganisationLayer } from './organisation.ts';
import { configuration, type Configuration, type ProviderSettings } from './schema.ts';

type Draft = z.output<typeof configuration>;

/** Where the layers of the configuration are read. */
export interface ConfigurationSource {
  /** The person's file. */
  file: string;
  organisation: OrganisationSource;
}

/** Where the organisation's layer is read, each time anew. */
export interface OrganisationSource {
  /** @returns undefined where there is none. @throws LatchkeyError where there is one that cannot be trusted or read */
  read(): Promise<OrganisationLayer | undefined>;
  /** The files whose change may be a change of it. */
  files: readonly string[];
}

/** The texts of the layers, of one look at them. */
export interface ConfigurationTexts {
  person: string;
  organisation?: OrganisationLayer | undefined;
}

/** A configuration, and what it was made from. */
export interface LoadedConfiguration {
  configuration: Configuration;
  /** Of its texts; see {@link hashOf}. */
  hash: string;
  layers: Layers;
  /** The connections that are left out for their faults. */
  faulty: readonly FaultyConnection[];
}

export interface Layers extends Pick<Merged, 'value' | 'ignored' | 'placeOf' | 'nearestTo'> {
  organisation: Organisation | undefined;
}

/**
 * Reads the configuration: built-in values, over them those of the organisation, over them those of the person's file
 * (YAML 1.2, so JSON works as well), as far as the organisation has not locked them. Relative file names are taken from the
 * folder of the file that has them, and come back absolute. A connection with a fault is left out, and told of beside.
 * @throws LatchkeyError `config-unreadable`, `organisation-untrusted`, or `config-invalid` with every fault found (line,
 *   path and remedy), where one lies anywhere else than within a connection.
 */
export async function loadConfiguration(source: ConfigurationSource): Promise<LoadedConfiguration> {
  return loadedFrom(await configurationTexts(source), source.file);
}

/** Of whoever has set nothing. */
export const emptyConfiguration = 'providers: []\n';

/** @throws LatchkeyError `config-unreadable`, `organisation-untrusted` */
export async function configurationTexts(source: ConfigurationSource): Promise<ConfigurationTexts> {
  const organisation = await source.organisation.read();
  try {
    return { person: await configurationText(source.file), organisation };
  } catch (error) {
    // Where the organisation has said all, a person needs no file.
    if (organisation === undefined || !isMissing(error)) throw error;
    return { person: emptyConfiguration, organisation };
  }
}

/** As {@link loadConfiguration} would load these texts. */
export function loadedFrom(texts: ConfigurationTexts, file: string): LoadedConfiguration {
  return { ...parseTexts(texts, file, fullPath), hash: hashOf(texts) };
}

/** From the folder of the layer; undefined where it has none, and the name is no full path. */
function fullPath(folder: string | undefined, name: string): string | undefined {
  if (folder !== undefined) return resolve(folder, name);
  return isAbsolute(name) ? name : undefined;
}

/** A fault that shows only when a connection is made, such as a file that cannot be read. */
export interface LateFault {
  /** The way to it from the connection on. */
  path: Fault['path'];
  code: ErrorCode;
  message: string;
}

/** Without the connections that have a fault; `faults` are in the order of the connections. */
export function withoutFaulty(
  loaded: LoadedConfiguration,
  faults: readonly (LateFault | undefined)[],
): LoadedConfiguration {
  if (faults.every((fault) => fault === undefined)) return loaded;
  const { configuration, layers, faulty } = loaded;
  const { organisation, ...merged } = layers;
  const kept = [...configuration.connections.keys()].filter((index) => faults[index] === undefined);
  const found = faults.flatMap((fault, index) => {
    if (fault === undefined) return [];
    const text = `${placeText(fault.path)} ${fault.message}`;
    const place = fileFault(merged.nearestTo(['connections', index, ...fault.path]), text);
    return [faultyConnection(entriesOf(merged.value)[index], index, { faults: [place], code: fault.code })];
  });
  const connections = configuration.connections.filter((_, index) => faults[index] === undefined);
  return {
    ...loaded,
    configuration: { ...configuration, connections },
    layers: { ...keptOf(merged, kept), organisation },
    faulty: [...faulty, ...found],
  };
}

/** SHA-256 (hexadecimal): of the file, or of both texts where there are two. */
export function hashOf({ person, organisation }: ConfigurationTexts): string {
  const all = organisation === undefined ? person : JSON.stringify([organisation.text, person]);
  return createHash('sha256').update(all).digest('hex');
}

/**
 * Whether an organisation's layer is in order in itself, whatever a person has set.
 * @returns what it would be for a person who has set nothing
 * @throws LatchkeyError `config-invalid` with its faults
 */
export function checkOrganisation(organisation: OrganisationLayer): LoadedConfiguration {
  // Without a provider in either layer nobody could sign in, which a person may make good.
  const { origin } = organisation;
  return demandWhole(loadedFrom({ person: emptyConfiguration, organisation }, origin), origin);
}

/** The text of the person's file. @throws LatchkeyError `config-unreadable` */
export async function configurationText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const why =
      code === 'ENOENT'
        ? 'does not exist'
        : code === 'EACCES'
          ? 'may not be read by this user'
          : `cannot be read (${code})`;
    throw new LatchkeyError('config-unreadable', `The configuration ${file} ${why}.`, {
      remedy:
        'Name the file with --config or LATCHKEY_CONFIG; docs/CONFIGURATION.md shows one to start from.',
      cause,
    });
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof LatchkeyError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';

/** As {@link loadedFrom} for a person's text alone, whole, with names of files as they stand; `label` names it in messages. */
export function parseConfiguration(text: string, label: string): Configuration {
  const parsed = parseTexts({ person: text }, label, (_folder, name) => name);
  return demandWhole(parsed, label).configuration;
}

/**
 * A connection with a fault is left out alone. What is left is looked at again without it, as some checks need all values
 * to have the right form.
 * @throws LatchkeyError `config-invalid` with all that was found, where anything is wrong elsewhere
 */
function parseTexts(
  texts: ConfigurationTexts,
  file: string,
  full: (folder: string | undefined, name: string) => string | undefined,
): Omit<LoadedConfiguration, 'hash'> {
  const organisation = texts.organisation && parseOrganisation(texts.organisation);
  const merged = mergeLayers(parseLayer(texts.person, file), organisation);
  const folderOf = (path: Fault['path']): string | undefined =>
    merged.layerAt(path) === 'person' ? dirname(resolve(file)) : organisation?.folder;
  const entries = entriesOf(merged.value);
  const shared = clashes(merged.value);
  const found: Fault[] = [];
  let kept = [...entries.keys()];
  for (;;) {
    const inAll = (path: Fault['path']): Fault['path'] => pathInAll(path, kept);
    const read = checked(withEntries(merged.value, kept), (path, name) => full(folderOf(inAll(path)), name));
    const faults = read.faults.map((fault) => ({ ...fault, path: inAll(fault.path) }));
    found.push(...faults);
    const out = new Set(faults.map(({ path }) => entryAt(path)));
    if (shared.length > 0 || out.has(undefined))
      throw invalidLayers(placedFaults([...shared, ...found], merged), organisation, file);
    if (read.configuration !== undefined)
      return {
        configuration: read.configuration,
        layers: { ...keptOf(merged, kept), organisation },
        faulty: faultyOf(found, entries, merged),
      };
    kept = kept.filter((index) => !out.has(index));
  }
}

function faultyOf(found: readonly Fault[], entries: readonly unknown[], merged: Merged): FaultyConnection[] {
  return entries.flatMap((written, index) => {
    const faults = found.filter(({ path }) => entryAt(path) === index);
    if (faults.length === 0) return [];
    return [faultyConnection(written, index, { faults: placedFaults(faults, merged) })];
  });
}

/** In the order of their lines. */
function placedFaults(faults: readonly Fault[], { nearestTo }: Pick<Merged, 'nearestTo'>): FileFault[] {
  const placed = faults.map(({ path, message }) =>
    fileFault(nearestTo(path), `${placeText(path) || 'the file'} ${message}`),
  );
  return placed.toSorted((left, right) => (left.line ?? 0) - (right.line ?? 0));
}

function fileFault({ line, file }: ReturnType<Merged['nearestTo']>, text: string): FileFault {
  return { ...(line === undefined ? {} : { line }), file, text };
}

/** What a configuration says, or what is wrong with it. */
function checked(
  value: unknown,
  full: (path: Fault['path'], name: string) => string | undefined,
): { configuration?: Configuration; faults: Fault[] } {
  const parsed = configuration.safeParse(value, { reportInput: true });
  const unreadable = misreadTexts(value);
  if (!parsed.success || unreadable.length > 0)
    return { faults: [...unreadable, ...(parsed.error?.issues.flatMap(explain) ?? [])] };
  const crossed = crossChecks(parsed.data);
  if (crossed.length > 0) return { faults: crossed };
  const { providers, connections, ...rest } = parsed.data;
  const read = {
    ...rest,
    providers: providers.map(withAddress),
    connections: connections.map((one) => ({ ...one, upstream: withDatabases(one) })),
  };
  const faults: Fault[] = [];
  const absolute = withAbsoluteFiles(read, (path, name) => {
    const found = full(path, name);
    if (hasControls(name)) faults.push({ path, message: `(${JSON.stringify(name)}): ${controlsInName}` });
    if (found === undefined)
      faults.push({ path, message: `(${JSON.stringify(name)}): must be a full path here` });
    return found ?? name;
  });
  return faults.length > 0 ? { faults } : { configuration: absolute, faults };
}

/** With the database that a login opens which names none. */
function withDatabases({ protocol, upstream }: Draft['connections'][number]) {
  const database = ownDatabase(protocol, upstream) ?? '';
  const { databases } = upstream;
  if (!Array.isArray(databases)) return { ...upstream, database };
  return { ...upstream, database, databases: [...new Set([database, ...databases])] };
}

/** What has been pasted as authority and resource, reduced to the addresses that are used. */
function withAddress(provider: Draft['providers'][number]): ProviderSettings {
  if (provider.type === 'local') return provider;
  const address = readProviderAddress(provider);
  // Has been checked with the rest.
  if ('faults' in address) throw new TypeError('unchecked provider');
  const { cloud, authority, graph } = address;
  return { ...provider, cloud, authority, resource: graph };
}
