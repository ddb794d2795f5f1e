import { type CloudName, type SignInWay, signInWays } from '../../main/contract/clouds.ts';
import type { Problem } from '../../main/contract/errors.ts';
import type { ProviderForm } from '../../main/contract/shapes.ts';
import { readProviderAddress } from '../../main/contract/provider-address.ts';
import type { ProviderState } from '../../main/contract/state.ts';
import { providers as t } from '../texts/en/providers.ts';
import { asSentence, faultsIn, type Faults } from '../ui/faults.ts';

/**
 * The state does not tell every setting of a provider; what is left at `keep`, or empty, stays as it is. The cloud of a
 * new one then follows from its authority.
 */
export const keep = 'keep';

/** Microsoft's clouds beside the global one. */
export const otherClouds = () =>
  [
    { value: 'us-government', label: t.usGovernmentGccHigh },
    { value: 'us-government-dod', label: t.usGovernmentDod },
    { value: 'china', label: t.china21vianet },
  ] as const;

/** What stands in the fields of the form, as text. */
export interface ProviderDraft {
  name: string;
  type: ProviderForm['type'];
  cloud: CloudName | typeof keep;
  authority: string;
  applicationId: string;
  resource: string;
  domains: string;
  /** Ways in their order, joined by a comma. */
  signIn: string;
  redirectService: string;
  mailCodes: 'on' | 'off' | typeof keep;
}

export type DraftFaults = Faults<keyof ProviderDraft>;

export const newDraft: ProviderDraft = {
  name: '',
  type: 'azure-directory',
  cloud: keep,
  authority: '',
  applicationId: '',
  resource: '',
  domains: '',
  signIn: signInWays.join(),
  redirectService: '',
  mailCodes: 'off',
};

export function draftOf({ name, type, applicationId, domains, ways }: ProviderState): ProviderDraft {
  return {
    ...newDraft,
    name,
    type,
    applicationId,
    domains: domains.join(', '),
    signIn: ways.length === 0 ? newDraft.signIn : ways.join(),
    mailCodes: keep,
  };
}

/** What the form sends. */
export function formOf(draft: ProviderDraft, enabled: boolean): ProviderForm {
  const { type, cloud, mailCodes } = draft;
  const name = draft.name.trim();
  if (type === 'local') return { name, type, enabled };
  const texts = (['authority', 'applicationId', 'resource', 'redirectService'] as const).flatMap((key) => {
    const value = draft[key].trim();
    return value === '' ? [] : [[key, value] as const];
  });
  return {
    name,
    type,
    enabled,
    ...Object.fromEntries(texts),
    domains: domainsOf(draft),
    signIn: draft.signIn.split(',').filter((way): way is SignInWay => signInWays.includes(way as SignInWay)),
    ...(cloud === keep ? {} : { cloud }),
    ...(mailCodes === keep ? {} : { mailCodes: mailCodes === 'on' }),
  };
}

/** Limits of the contract: what is over them would not be looked at. */
const mostDomains = 200;
const longestDomain = 253;

function domainsOf({ domains }: ProviderDraft): string[] {
  return domains.split(/[\s,;]+/).filter((domain) => domain !== '');
}

/** What has to be right before it is worth asking main, which checks everything. */
export function checkDraft(draft: ProviderDraft, isNew: boolean): DraftFaults {
  const faults: DraftFaults = {};
  if (draft.name.trim() === '') faults.name = t.giveTheProviderAName;
  if (draft.type === 'local') return faults;
  const domains = domainsOf(draft);
  if (domains.length > mostDomains || domains.some(({ length }) => length > longestDomain))
    faults.domains = t.atMostDomainsEachOfAt(mostDomains, longestDomain);
  if (!isNew) return faults;
  if (draft.authority.trim() === '') faults.authority = t.enterTheAddressOfTheAuthority;
  else Object.assign(faults, addressFaults(draft));
  if (draft.applicationId.trim() === '') faults.applicationId = t.enterTheIdOfTheApp;
  return faults;
}

/** The same check as main's, so that a wrong address is told before anything is sent. */
function addressFaults({ authority, cloud, resource }: ProviderDraft): DraftFaults {
  const read = readProviderAddress({ authority, resource, cloud: cloud === keep ? undefined : cloud });
  if (!('faults' in read)) return {};
  return Object.fromEntries(read.faults.map(({ key, message }) => [key, asSentence(message)]));
}

/** The faults of a refusal that belong to fields of the form, whichever provider they were found in. */
export function faultsOf(problem: Problem | undefined): { fields: DraftFaults; rest: Problem | undefined } {
  return faultsIn(problem, (place) => {
    const [, key] = /^providers\[\d+\]\.(\w+)(?:\[\d+\])?$/.exec(place) ?? [];
    return key !== undefined && Object.hasOwn(newDraft, key) ? (key as keyof ProviderDraft) : undefined;
  });
}
