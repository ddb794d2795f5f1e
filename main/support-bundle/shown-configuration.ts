import type { z } from 'zod';
import { configuration as configurationSchema, type Configuration } from '../config/schema.ts';
import { openForms } from '../config/values.ts';
import { isLoopbackHost } from '../contract/loopback.ts';
import type { Kind, Placeholders } from './placeholders.ts';

type Form = z.core.$ZodType;
/** JSON without the values that say who, where and what. */
export type Shown = null | boolean | number | string | Shown[] | { [key: string]: Shown };

/** What is known of the forms of Zod; see `def` in its core. */
interface Definition {
  type: string;
  innerType?: Form;
  in?: Form;
  options?: Form[];
  element?: Form;
  shape?: Record<string, Form>;
  valueType?: Form;
  entries?: Record<string, unknown>;
  values?: unknown[];
}

/** By their keys; a text under any other key is a `text`. */
const kinds: Record<string, Kind> = {
  applicationId: 'id',
  authority: 'address',
  resource: 'address',
  redirectService: 'address',
  pushServer: 'address',
  url: 'address',
  address: 'address',
  domains: 'domain',
  chain: 'provider',
  group: 'group',
  groups: 'group',
  username: 'user',
  displayName: 'user',
  recipients: 'user',
  from: 'user',
  user: 'user',
  owner: 'account',
  host: 'host',
  hosts: 'host',
  serverName: 'host',
  ssh: 'host',
  socks: 'host',
  role: 'role',
  database: 'database',
  databases: 'database',
  stored: 'stored',
  caFile: 'file',
  clientCertificate: 'file',
  socket: 'file',
};

const kindsOfNames: Record<string, Kind> = {
  providers: 'provider',
  connections: 'connection',
  sinks: 'sink',
};

/**
 * The configuration that counts. A value is told where its form leaves no room for anything of a person, a place or a
 * secret: a number, a yes or no, one of given words, a duration. All else is a word that says of which kind it is; so is
 * what a later form of the configuration may have and nobody has thought of here.
 */
export function shownConfiguration(configuration: Configuration, placeholders: Placeholders): Shown {
  return shown(configuration, [configurationSchema], { key: '', list: '' }, placeholders);
}

interface Place {
  /** The last key. */
  key: string;
  /** The key of the list or group around it. */
  list: string;
}

function shown(value: unknown, forms: readonly Form[], place: Place, placeholders: Placeholders): Shown {
  const all = forms.flatMap(innerForms);
  if (Array.isArray(value)) {
    const elements = all.flatMap(({ element }) => element ?? []);
    return value.map((one) => shown(one, elements, place, placeholders));
  }
  if (typeof value === 'object' && value !== null) {
    const list = place.key === '' ? place.list : place.key;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, inner]): [string, Shown][] => {
        if (inner === undefined) return [];
        const own = all.flatMap(({ shape }) => shape?.[key] ?? []);
        const isKnown = all.some(({ shape }) => shape !== undefined && Object.hasOwn(shape, key));
        const next = isKnown ? own : all.flatMap(({ valueType }) => valueType ?? []);
        const name = isKnown ? key : placeholders.of('text', key);
        return [[name, shown(inner, next, { key, list }, placeholders)]];
      }),
    );
  }
  if (all.some((form) => isOpen(form, value))) return value as Shown;
  if (typeof value !== 'string') return placeholders.of('text', String(value));
  return hidden(value, place, placeholders);
}

function hidden(value: string, { key, list }: Place, placeholders: Placeholders): string {
  const kind = (key === 'name' ? kindsOfNames[list] : kinds[key]) ?? 'text';
  if (kind !== 'host') return placeholders.of(kind, value);
  const [, host = value, port = ''] = /^(.*?)(:\d+)?$/.exec(value) ?? [];
  return `${isLoopbackHost(host) ? host : placeholders.of('host', host)}${port}`;
}

interface InnerForm extends Definition {
  form: Form;
}

/** Without what stands around it: optional, default, transformed; each of a union. */
function innerForms(form: Form): InnerForm[] {
  const definition = form._zod.def as unknown as Definition;
  const inner = definition.innerType ?? (definition.type === 'pipe' ? definition.in : undefined);
  if (inner !== undefined) return innerForms(inner);
  if (definition.options !== undefined) return definition.options.flatMap(innerForms);
  return [{ ...definition, form }];
}

/** Whether whatever fits the form can be told. */
function isOpen({ type, entries, values, form }: InnerForm, value: unknown): boolean {
  switch (type) {
    case 'boolean':
    case 'number':
      return typeof value === type;
    case 'enum':
      return Object.values(entries ?? {}).includes(value);
    case 'literal':
      return values?.includes(value) === true;
    case 'string':
      return openForms.get(form) !== undefined && (form as z.ZodType).safeParse(value).success;
    default:
      return false;
  }
}

/** The keys and the given words of the configuration: they say nothing of whoever has written one. */
export function ownWords(): Set<string> {
  const words = new Set<string>();
  function collect(form: Form): void {
    for (const { shape, element, valueType, entries, values } of innerForms(form)) {
      for (const [key, inner] of Object.entries(shape ?? {})) {
        words.add(key.toLowerCase());
        collect(inner);
      }
      for (const inner of [element, valueType]) if (inner !== undefined) collect(inner);
      for (const word of [...Object.values(entries ?? {}), ...(values ?? [])])
        if (typeof word === 'string') words.add(word.toLowerCase());
    }
  }
  collect(configurationSchema);
  return words;
}
