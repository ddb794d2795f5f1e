import type { LatchkeyError, Problem } from '../contract/errors.ts';

/** What a provider says of a person: theirs and in, theirs and out (the chain stops), or none of theirs (it goes on). */
export type ChainAnswer = 'accepted' | 'rejected' | 'not-mine';

/** A provider as the chain sees it. */
export interface ChainLink {
  name: string;
  type: 'azure-directory' | 'local';
  enabled: boolean;
  /** Whose sign-in names belong here, in lower case; with none, everybody's do (azure-directory only). */
  domains: readonly string[];
  /** `local` only: whether there is such an account. */
  knows?(username: string): Promise<boolean>;
}

export interface ChainStep {
  provider: string;
  /** `mine`: this provider has to answer; which of the three it says shows at the sign-in. */
  answer: 'mine' | 'not-mine';
  because: string;
}

export interface Route {
  steps: ChainStep[];
  /** The provider that has to answer; undefined where the chain ended, which denies. */
  provider?: string;
}

/**
 * Asks the links in their order whose this sign-in name is. The first one that it belongs to decides alone: what comes
 * behind it is not asked, so that a rejection by the directory can never be got round by a later provider.
 */
export async function routeSignIn(links: readonly ChainLink[], username: string): Promise<Route> {
  const steps: ChainStep[] = [];
  for (const link of links) {
    const step = await ask(link, username);
    steps.push(step);
    if (step.answer === 'mine') return { steps, provider: link.name };
  }
  return { steps };
}

async function ask(link: ChainLink, username: string): Promise<ChainStep> {
  const { name: provider } = link;
  if (!link.enabled) return { provider, answer: 'not-mine', because: 'it is turned off' };
  if (link.type === 'local') {
    const known = (await link.knows?.(username)) ?? false;
    return known
      ? { provider, answer: 'mine', because: 'it has an account of this name' }
      : { provider, answer: 'not-mine', because: 'it has no account of this name' };
  }
  if (link.domains.length === 0) return { provider, answer: 'mine', because: 'it takes every sign-in name' };
  return isOfDomain(username, link.domains)
    ? { provider, answer: 'mine', because: `the domain is one of its domains` }
    : { provider, answer: 'not-mine', because: `its domains are ${link.domains.join(', ')}` };
}

/** Whether the name behind the last "@" is one of the domains; without domains everybody is. */
export function isOfDomain(username: string, domains: readonly string[]): boolean {
  return (
    domains.length === 0 || domains.includes(username.slice(username.lastIndexOf('@') + 1).toLowerCase())
  );
}

/** Entra's numbers for "this account exists, or may exist, but in another tenant". */
const strangers = new Set([50020, 50034, 90072, 500213]);

/**
 * Whether a failed sign-in means that the person belongs elsewhere. Anything else is a rejection, a policy that
 * blocks above all: it must not be got round by asking the next provider.
 */
export function answerOf(error: Pick<LatchkeyError | Problem, 'entra'>): Exclude<ChainAnswer, 'accepted'> {
  const number = error.entra?.aadsts;
  return number !== undefined && strangers.has(number) ? 'not-mine' : 'rejected';
}
