import { z } from 'zod';
import { LatchkeyError } from '../contract/errors.ts';
import { forbidden, type Forbidden } from '../contract/forbidden.ts';
import { explain, knownKeys } from './explain.ts';
import type { Fault } from './fault.ts';
import { invalidConfiguration, parseLayer, placeText, type Layer } from './layer.ts';
import { isRecord } from './yaml/render.ts';

/**
 * The settings of an organisation, wherever they came from. They have the form of the configuration file and two keys
 * more: `locked` and `forbid`. Whoever hands them over has made sure that they are the organisation's.
 */
export interface OrganisationLayer {
  text: string;
  /** Where it came from, for messages and `config show`: a full path, or an address. */
  origin: string;
  /** The folder that relative names of files are taken from; without one they have to be full paths. */
  folder?: string | undefined;
  /** Why it may not count any more at that time (milliseconds since 1970); absent where it always may. */
  expired?: (now: number) => LatchkeyError | undefined;
}

const organisationRules = z.object({
  locked: z.array(z.string().min(1).max(200)).max(500).default([]),
  forbid: z.array(z.enum(forbidden)).max(forbidden.length).default([]),
});

export interface Lock {
  path: readonly string[];
  line: number | undefined;
}

/** The organisation's layer, parsed: its settings, and what it keeps from change. */
export interface Organisation extends Layer {
  folder: string | undefined;
  expired: OrganisationLayer['expired'];
  locked: readonly Lock[];
  forbid: readonly Forbidden[];
  /** The names in one of its lists of named things. */
  names(list: string): readonly string[];
  /** The line that forbids it. */
  lineOfForbidden(what: Forbidden): number | undefined;
}

const remedy =
  'Whoever administers this computer corrects it; until then nothing of it counts, and nothing without it.';

/** Settings in lists whose items are told apart by their names. */
export const namedLists = ['providers', 'connections'];

/** @throws LatchkeyError `config-invalid` where it is no YAML, or locks or forbids what there is not */
export function parseOrganisation({ text, origin, folder, expired }: OrganisationLayer): Organisation {
  const { value, lineOf } = parseLayer(text, origin);
  const { locked: lockedValue, forbid: forbidValue, ...settings } = isRecord(value) ? value : {};
  const parsed = organisationRules.safeParse(
    { locked: lockedValue, forbid: forbidValue },
    { reportInput: true },
  );
  const faults = parsed.success
    ? parsed.data.locked.flatMap((lock, index): Fault[] => lockFaults(lock, index, settings))
    : parsed.error.issues.flatMap(explain);
  if (!isRecord(value)) faults.push({ path: [], message: 'must be a group of keys' });
  if (faults.length > 0 || !parsed.success)
    throw invalidConfiguration(
      origin,
      faults.map(({ path, message }) => {
        const line = lineOf(path);
        return {
          ...(line === undefined ? {} : { line }),
          file: origin,
          text: `${placeText(path) || 'it'} ${message}`,
        };
      }),
      remedy,
    );
  const { locked, forbid } = parsed.data;
  return {
    label: origin,
    value: settings,
    lineOf,
    folder,
    expired,
    locked: locked.map((lock, index) => ({ path: lock.split('.'), line: lineOf(['locked', index]) })),
    forbid,
    names: (list) => namesIn(settings[list]),
    lineOfForbidden: (what) => lineOf(['forbid', forbid.indexOf(what)]),
  };
}

/** What the organisation lists of providers and connections, as it is written, and its chain. */
export function organisationLists(layer: OrganisationLayer | undefined) {
  const value = layer === undefined ? {} : (parseOrganisation(layer).value as Record<string, unknown>);
  const items = (list: unknown) => (Array.isArray(list) ? list.filter(isRecord) : []);
  const chain = value['chain'];
  return {
    providers: items(value['providers']),
    connections: items(value['connections']),
    chain: Array.isArray(chain) ? (chain as string[]) : undefined,
  };
}

/** For what only the organisation can take away. */
export function organisationsOwn(what: string, name: string): LatchkeyError {
  return new LatchkeyError('organisation-locked', `"${name}" is a ${what} of your organisation.`, {
    remedy: 'Only whoever administers this computer can take it away.',
  });
}

/** A lock that keeps nothing would look as if it did. */
function lockFaults(lock: string, index: number, settings: Record<string, unknown>): Fault[] {
  const path = ['locked', index];
  const steps = lock.split('.');
  const [list = '', name] = steps;
  const schemaPath: Fault['path'] = [];
  for (const [place, step] of steps.entries()) {
    if (place === 1 && namedLists.includes(list)) {
      schemaPath.push(0);
      continue;
    }
    const known = knownKeys(schemaPath);
    if (!known.includes(step))
      return [
        {
          path,
          message: `("${lock}"): there is no key "${step}"; known there: ${known.join(', ') || 'none'}`,
        },
      ];
    schemaPath.push(step);
  }
  if (!namedLists.includes(list) || name === undefined || name === '*') return [];
  return namesIn(settings[list]).includes(name)
    ? []
    : [{ path, message: `("${lock}"): this file has no "${name}" in "${list}"` }];
}

function namesIn(items: unknown): string[] {
  if (!Array.isArray(items)) return [];
  return items.flatMap((item) => (isRecord(item) && typeof item['name'] === 'string' ? [item['name']] : []));
}
