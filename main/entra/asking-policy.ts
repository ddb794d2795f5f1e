import { z } from 'zod';
import type { EntraFault } from '../contract/errors.ts';
import { jsonObject } from '../contract/json.ts';
import { verdictOf } from '../session/entra-verdicts.ts';

const listed = z.object({ values: z.array(z.unknown()).optional(), value: z.unknown().optional() });
const challenge = z.object({
  access_token: z.looseObject({ capolids: listed.optional(), acrs: listed.optional() }).optional(),
  id_token: z.looseObject({ acrs: listed.optional() }).optional(),
});

/**
 * Which policy asks, for a sentence: by what stands in the claims challenge (ids of policies, names of authentication
 * contexts), else, for a refusal by a policy, by the ids under which the tenant's sign-in logs have it. Empty where neither is known.
 */
export function askingPolicy(fault: EntraFault): string {
  const { claims, aadsts, traceId } = fault;
  const asked = challenge.safeParse(claims === undefined ? undefined : jsonObject(claims)).data;
  const policies = texts(asked?.access_token?.capolids, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i);
  const contexts = texts(asked?.access_token?.acrs ?? asked?.id_token?.acrs, /^[\w.-]{1,40}$/);
  const named = [
    ...(policies.length === 0 ? [] : [`Conditional Access policy ${policies.join(', ')}`]),
    ...(contexts.length === 0 ? [] : [`authentication context ${contexts.join(', ')}`]),
  ];
  if (named.length > 0) return named.join('; ');
  if (verdictOf(fault) !== 'resource-refused' || aadsts === undefined) return '';
  const request = /^[\w-]{1,60}$/.test(traceId ?? '') ? `, request ${traceId} in the sign-in logs` : '';
  return `AADSTS${aadsts}${request}`;
}

const mostNamed = 5;

function texts(of: z.infer<typeof listed> | undefined, form: RegExp): string[] {
  const all = [...(of?.values ?? []), of?.value].map((value) => (typeof value === 'string' ? value : ''));
  return [...new Set(all.filter((value) => form.test(value)))].slice(0, mostNamed);
}
