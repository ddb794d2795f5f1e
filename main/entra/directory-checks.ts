import { z } from 'zod';
import type { Check } from '../contract/shapes.ts';
import type { FetchLike } from '../contract/http.ts';
import { secretEndRemedy, secretEndText } from '../contract/secret-end.ts';
import { certificateEnd, registeredEnd, registrationPath } from './credential-end.ts';
import { jsonObject } from '../contract/json.ts';
import { ok, skipped } from './check-results.ts';
import { request } from '../base/http.ts';

/** Graph with a token that is at hand: the application's, or that of the person who is signed in. */
export interface GraphReader {
  /** Origin of Microsoft Graph. */
  origin: string;
  token: string;
  fetch: FetchLike;
  signal: AbortSignal;
}

const timeoutMs = 15_000;
/** As many values as Graph takes for `in`. */
const groupsAtOnce = 15;

const groups = z.object({
  value: z.array(
    z.object({
      id: z.string(),
      displayName: z.string().nullish(),
      visibility: z.string().nullish(),
      groupTypes: z.array(z.string()).nullish(),
      mailEnabled: z.boolean().nullish(),
      securityEnabled: z.boolean().nullish(),
    }),
  ),
});
type Found = z.infer<typeof groups>['value'][number];

/** A group that rules name. */
export interface RuleGroup {
  /** Object id. */
  id: string;
  /** The connections whose rules name it. */
  connections: readonly string[];
  /** It may be of another provider: a tenant that does not have it proves nothing. */
  mayBeElsewhere: boolean;
}

/**
 * Groups of rules that the tenant does not have, by which nobody gets in; and those whose members are not chosen by an
 * administrator: a rule that names one lets in whoever joins it.
 */
export async function ruleGroupChecks(
  name: string,
  reader: GraphReader,
  named: readonly RuleGroup[],
): Promise<Check[]> {
  const found: Found[] = [];
  for (let at = 0; at < named.length; at += groupsAtOnce) {
    const list = named.slice(at, at + groupsAtOnce).map(({ id }) => `'${id}'`);
    const query = new URLSearchParams({
      $filter: `id in (${list.join(',')})`,
      $select: 'id,displayName,visibility,groupTypes,mailEnabled,securityEnabled',
    });
    const page = groups.safeParse(await read(reader, `groups?${query.toString()}`));
    if (!page.success) return [skipped(name, 'what kind of groups the rules name may not be read')];
    found.push(...page.data.value);
  }
  const open = found.flatMap((group): Check[] => {
    const why = openness(group);
    if (why === undefined) return [];
    const remedy =
      'Name a security group in the rule, whose members an administrator chooses; or make this one private.';
    const message = `A rule names it, and it is ${why}`;
    return [{ name: `${name} ${group.displayName ?? group.id}`, result: 'warning', message, remedy }];
  });
  const there = new Set(found.map(({ id }) => id.toLowerCase()));
  const missing = named.filter(({ id, mayBeElsewhere }) => !mayBeElsewhere && !there.has(id));
  if (open.length + missing.length > 0) return [...missing.map((group) => absent(name, group)), ...open];
  if (found.length === 0) return [skipped(name, 'this tenant has none of them')];
  return [
    ok(name, `Nobody may join the ${found.length} groups of this tenant that rules name by themselves.`),
  ];
}

function absent(name: string, { id, connections }: RuleGroup): Check {
  return {
    name: `${name} ${id}`,
    result: 'warning',
    message: `A rule of ${connections.map((each) => `"${each}"`).join(', ')} names it, and the tenant has no such group: nobody gets in by it.`,
    remedy:
      'Correct the object id, which Entra ID > Groups shows: it may be mistyped, of a group that was deleted, or of something else, such as an application or a role.',
  };
}

function openness({ groupTypes, visibility, mailEnabled, securityEnabled }: Found): string | undefined {
  const isTeam = groupTypes?.includes('Unified') === true;
  if (isTeam && visibility?.toLowerCase() === 'public')
    return 'a public Microsoft 365 group: everybody of the tenant may join it by themselves.';
  if (!isTeam && mailEnabled === true && securityEnabled !== true)
    return 'a distribution list: its members are kept for mail, and it may be open for everybody to join.';
  return undefined;
}

/** When the stored secret runs out, where the application may read its own registration. */
export async function secretExpiryCheck(
  name: string,
  reader: GraphReader,
  { provider, applicationId, secret }: { provider: string; applicationId: string; secret: string },
  now: number,
): Promise<Check> {
  const end =
    certificateEnd(secret) ?? registeredEnd(await read(reader, registrationPath(applicationId)), secret);
  if (end === 'unreadable')
    return skipped(name, 'the application may not read its own registration (Application.Read.All)');
  if (end === undefined) return skipped(name, 'the registration does not list the secret that is stored');
  const { text, isDue } = secretEndText(end, now);
  if (!isDue) return ok(name, text);
  return { name, result: 'warning', message: text, remedy: secretEndRemedy(end, provider) };
}

async function read({ origin, token, fetch, signal }: GraphReader, path: string): Promise<unknown> {
  const outcome = await request(fetch, `${origin}/v1.0/${path}`, {
    method: 'GET',
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    signal,
    timeoutMs,
  });
  return outcome.kind === 'answer' && outcome.status === 200 ? jsonObject(outcome.text) : undefined;
}
