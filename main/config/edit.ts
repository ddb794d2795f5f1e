import { isDeepStrictEqual } from 'node:util';
import type { ProviderForm } from '../contract/shapes.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { readProviderAddress, type AddressTexts } from '../contract/provider-address.ts';
import { checkedChange } from './checked-change.ts';
import { organisationLists, organisationsOwn, type OrganisationLayer } from './organisation.ts';
import { editYaml, yamlValue } from './yaml/edit.ts';

/** A change of the providers, as window and command line make it. */
export type ProviderChange =
  | { kind: 'save'; provider: ProviderForm }
  | { kind: 'enable'; name: string; enabled: boolean }
  | { kind: 'remove'; name: string };

/**
 * The configuration's text with one provider added, changed, turned on or off, or removed. Comments, order and whatever
 * else stands in the file stay as they are. The result has been checked as a whole: it loads, but for connections that had
 * faults before.
 * @throws LatchkeyError `config-invalid` with the faults of the result, `request-invalid` for an unknown provider.
 */
export function changeProviders(
  text: string,
  change: ProviderChange,
  label: string,
  organisation?: OrganisationLayer,
): string {
  const draft = yamlValue(text, label) as Draft;
  const changed = editYaml(
    text,
    { ...draft, ...changedDraft(draft, change, organisationLists(organisation)) },
    label,
  );
  checkedChange({ before: text, changed, organisation }, label);
  return changed;
}

/** The file's own words, of which only these are looked at. */
interface Draft {
  providers?: (Partial<ProviderForm> & Record<string, unknown>)[];
  chain?: string[] | undefined;
}

/** @param of what the organisation has, of which the file has no more than what a person has changed */
function changedDraft(
  { providers: listed, chain: ownChain }: Draft,
  change: ProviderChange,
  of: Pick<ReturnType<typeof organisationLists>, 'providers' | 'chain'>,
): Draft {
  const providers = Array.isArray(listed) ? listed : [];
  const chain = ownChain ?? of.chain;
  const name = change.kind === 'save' ? change.provider.name : change.name;
  const index = providers.findIndex((one) => one?.name === name);
  const before = providers[index];
  const other = before === undefined ? of.providers.find((one) => one['name'] === name) : undefined;
  switch (change.kind) {
    case 'save':
      if (other !== undefined) return adapted(providers, name, differences(other, change.provider));
      if (before !== undefined) return { providers: providers.with(index, updated(before, change.provider)) };
      return {
        providers: [...providers, compact(reduced(change.provider, {}))],
        // A chain that is spelt out asks nobody else.
        ...(Array.isArray(chain) ? { chain: [...chain, name] } : {}),
      };
    case 'enable':
      if (other !== undefined) return adapted(providers, name, { enabled: change.enabled });
      return { providers: providers.with(index, { ...demand(before, name), enabled: change.enabled }) };
    case 'remove': {
      if (other !== undefined) throw organisationsOwn('provider', name);
      demand(before, name);
      // What a person has changed of the organisation's is taken back; it goes on without.
      if (of.providers.some((one) => one['name'] === name))
        return { providers: providers.toSpliced(index, 1) };
      refuseEmpty([...providers, ...of.providers]);
      const rest = Array.isArray(ownChain) ? ownChain.filter((one) => one !== name) : undefined;
      return {
        providers: providers.toSpliced(index, 1),
        ...(rest === undefined ? {} : { chain: rest.length === 0 ? undefined : rest }),
      };
    }
  }
}

function adapted(
  providers: NonNullable<Draft['providers']>,
  name: string,
  values: Record<string, unknown>,
): Draft {
  return Object.keys(values).length === 0 ? {} : { providers: [...providers, { name, ...values }] };
}

const usual: Record<string, unknown> = {
  enabled: true,
  domains: [],
  signIn: ['device-code', 'browser'],
  mailCodes: false,
};

/** What a form says that is not as the organisation has it. */
function differences(other: Record<string, unknown>, form: ProviderForm): Record<string, unknown> {
  const values = compact(reduced(form, other as Partial<ProviderForm>));
  return Object.fromEntries(
    Object.entries(values).filter(([key, value]) => !isDeepStrictEqual(value, other[key] ?? usual[key])),
  );
}

function demand<Provider>(provider: Provider | undefined, name: string): Provider {
  if (provider !== undefined) return provider;
  throw new LatchkeyError('request-invalid', `There is no provider "${name}".`, {
    remedy: 'See them with: latchkey provider list',
  });
}

/** Without a provider Latchkey would be open for its first set-up again, which takes no person. */
function refuseEmpty(providers: unknown[]): void {
  if (providers.length > 1) return;
  throw new LatchkeyError(
    'request-invalid',
    'The last provider cannot be removed: nobody could sign in any more.',
    { remedy: 'First add a provider that takes its place, or edit the file.' },
  );
}

/** Keys that the form does not have are kept: caFile, for one, has no field. */
function updated(
  before: Partial<ProviderForm> & Record<string, unknown>,
  form: ProviderForm,
): Partial<ProviderForm> & Record<string, unknown> {
  const values = reduced(form, before);
  const kept = { ...before };
  for (const key of ['cloud', 'resource'] as const) if (values[key] === undefined) delete kept[key];
  return { ...kept, ...compact(values) };
}

/**
 * The form with what was pasted as authority and resource reduced to the addresses. A new authority brings its own cloud
 * and its own Graph, where those in the file do not fit it. What is wrong stays as it is, for the check of the whole.
 */
function reduced(form: ProviderForm, before: Partial<ProviderForm>): ProviderForm {
  const given = compact(form) as Partial<ProviderForm>;
  const { authority = before.authority, cloud, resource } = given;
  if (form.type !== 'azure-directory' || authority === undefined) return form;
  const fits = (texts: AddressTexts): boolean => !('faults' in readProviderAddress(texts));
  const oldResource = resource ?? before.resource;
  const choices = [
    { cloud: cloud ?? before.cloud, resource: oldResource },
    { cloud: cloud ?? before.cloud, resource },
    { cloud, resource: oldResource },
    { cloud, resource },
  ];
  const fitting = choices.find((choice) => fits({ authority, ...choice })) ?? choices[0];
  const address = readProviderAddress({ authority, ...fitting });
  const kept = { ...form, ...fitting };
  if ('faults' in address) return kept;
  return {
    ...kept,
    authority: address.authority,
    ...(fitting?.cloud === undefined && address.cloud === 'global' ? {} : { cloud: address.cloud }),
    ...(fitting?.resource === undefined ? {} : { resource: address.graph }),
  };
}

function compact(form: ProviderForm): Record<string, unknown> {
  return Object.fromEntries(Object.entries(form).filter(([, value]) => value !== undefined && value !== ''));
}
