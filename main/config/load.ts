import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { z } from 'zod';
import { LatchkeyError } from '../contract/errors.ts';
import { readProviderAddress } from '../contract/provider-address.ts';
import { withAbsoluteFiles } from './absolute-files.ts';
import { crossChecks } from './check.ts';
import { ownDatabase } from './databases.ts';
import { explain } from './explain.ts';
import type { Fault } from './fault.ts';
import { invalidConfiguration, parseLayer, placeText } from './layer.ts';
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
}

export interface Layers extends Pick<Merged, 'value' | 'ignored' | 'placeOf'> {
  organisation: Organisation | undefined;
}

/**
 * Reads the configuration: built-in values, over them those of the organisation, over them those of the person's file
 * (YAML 1.2, so JSON works as well), as far as the organisation has not locked them. Relative file names are taken from the
 * folder of the file that has them, and come back absolute.
 * @throws LatchkeyError `config-unreadable`, `organisation-untrusted`, or `config-invalid` with every fault found: line,
 *   path and remedy.
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
  const { configuration: read, layers, folderOf } = parseTexts(texts, file);
  const faults: Fault[] = [];
  const absolute = withAbsoluteFiles(read, (path, name) => {
    const folder = folderOf(path);
    if (folder !== undefined) return resolve(folder, name);
    if (!isAbsolute(name))
      faults.push({ path, message: `(${JSON.stringify(name)}): must be a full path here` });
    return name;
  });
  if (faults.length > 0) throw faulty(faults, layers, file);
  return { configuration: absolute, hash: hashOf(texts), layers };
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
  return loadedFrom({ person: emptyConfiguration, organisation }, organisation.origin);
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

/** The configuration alone of {@link loadedFrom}. */
export function readConfiguration(texts: ConfigurationTexts, file: string): Configuration {
  return loadedFrom(texts, file).configuration;
}

/** As {@link loadedFrom} for a person's text alone, with names of files as they stand; `label` names it in messages. */
export function parseConfiguration(text: string, label: string): Configuration {
  return parseTexts({ person: text }, label).configuration;
}

function parseTexts(texts: ConfigurationTexts, file: string) {
  const organisation = texts.organisation && parseOrganisation(texts.organisation);
  const merged = mergeLayers(parseLayer(texts.person, file), organisation);
  const layers = { ...merged, organisation };
  const parsed = configuration.safeParse(merged.value, { reportInput: true });
  const faults = parsed.success ? crossChecks(parsed.data) : parsed.error.issues.flatMap(explain);
  if (faults.length > 0) throw faulty(faults, layers, file);
  const { providers, connections, ...rest } = parsed.data as Draft;
  return {
    configuration: {
      ...rest,
      providers: providers.map(withAddress),
      connections: connections.map((one) => ({ ...one, upstream: withDatabases(one) })),
    },
    layers,
    folderOf: (path: Fault['path']): string | undefined =>
      merged.layerAt(path) === 'person' ? dirname(resolve(file)) : organisation?.folder,
  };
}

/** All faults in the order of their lines; a fault that only the organisation can correct says so. */
function faulty(faults: Fault[], { organisation, nearestTo }: Layers & Merged, file: string): LatchkeyError {
  const placed = faults.map((fault) => ({ fault, ...nearestTo(fault.path) }));
  placed.sort((left, right) => (left.line ?? 0) - (right.line ?? 0));
  const isOrganisations = placed.every(({ layer }) => layer === 'organisation');
  const label = isOrganisations && organisation !== undefined ? organisation.label : file;
  return invalidConfiguration(
    label,
    placed.map(({ fault, line, file: where }) => ({
      ...(line === undefined ? {} : { line }),
      file: where,
      text: `${placeText(fault.path) || 'the file'} ${fault.message}`,
    })),
    isOrganisations
      ? 'Whoever administers this computer corrects the lines named; nothing has been changed.'
      : undefined,
  );
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
