import { type CloudName, type SignInWay, signInWays } from '../../main/contract/clouds.ts';
import type { Problem } from '../../main/contract/errors.ts';
import type { ProviderForm } from '../../main/contract/ipc.ts';
import type { ProviderState } from '../../main/contract/state.ts';

/** The state does not tell every setting of a provider; what is left at `keep`, or empty, stays as it is. */
export const keep = 'keep';

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

export type DraftFaults = Partial<Record<keyof ProviderDraft, string>>;

export const newDraft: ProviderDraft = {
  name: '',
  type: 'azure-directory',
  cloud: 'global',
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
    cloud: keep,
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
  if (draft.name.trim() === '') faults.name = 'Give the provider a name.';
  if (draft.type === 'local') return faults;
  const domains = domainsOf(draft);
  if (domains.length > mostDomains || domains.some(({ length }) => length > longestDomain))
    faults.domains = `At most ${mostDomains} domains, each of at most ${longestDomain} characters.`;
  if (!isNew) return faults;
  if (draft.authority.trim() === '') faults.authority = 'Enter the address of the authority.';
  if (draft.applicationId.trim() === '') faults.applicationId = 'Enter the id of the app registration.';
  return faults;
}

const faultLine = /^\s*(?:line \d+: )?providers\[\d+\]\.(\w+)(?:\[\d+\])?\s+(?:\(.*\): )?(.+)$/;

/**
 * Splits the refusal of a configuration into the faults of single fields and what remains. The message has one fault
 * on each line after the first: `line 12: providers[1].authority must be an https address`.
 */
export function faultsOf(problem: Problem | undefined): { fields: DraftFaults; rest: Problem | undefined } {
  if (problem?.code !== 'config-invalid') return { fields: {}, rest: problem };
  const fields: DraftFaults = {};
  const others: string[] = [];
  for (const line of problem.message.split('\n').slice(1)) {
    const [, key, text] = faultLine.exec(line) ?? [];
    if (key === undefined || text === undefined || !Object.hasOwn(newDraft, key)) others.push(line.trim());
    else fields[key as keyof ProviderDraft] = `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
  }
  if (Object.keys(fields).length === 0) return { fields, rest: problem };
  return {
    fields,
    rest: others.length === 0 ? undefined : { code: problem.code, message: others.join('\n') },
  };
}
