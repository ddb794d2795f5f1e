import { defined } from '../base/defined.ts';
import type { EntraFault } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import { isSamePerson } from '../contract/which-account.ts';
import { asksAnew } from './entra-verdicts.ts';
import { isJsonObject, jsonObject } from '../contract/json.ts';

/** What the next sign-in has to bring. */
export interface NextSignIn {
  /** Claims challenge (JSON text): those of every refusal in one. */
  claims?: string;
  /** The person has to be asked, although their browser is signed in. */
  anew?: true;
}

interface Demand {
  /** Who was refused; undefined where nobody was signed in yet. */
  of: Account | undefined;
  claims: string | undefined;
  anew: boolean;
}

/** Of all accounts together. */
const mostDemands = 64;
const longestClaims = 6000;

export type Demands = ReturnType<typeof createDemands>;

/** What the refusals of a provider's own directory are kept under, beside those of databases. */
export function directoryOf({ name }: { name: string }): string {
  return `directory of ${name}`;
}

/**
 * What policies have asked for when they refused something: the directory, a database, a sign-in that has failed. Each is
 * kept by account and by what was refused, until that is given or the person has signed in anew; over a sign-out too, since
 * "sign in again" is often read as that. What was asked of one account is never put to the sign-in of another.
 */
export function createDemands() {
  const demands = new Map<string, Demand>();

  return {
    /** @param of who was refused; undefined where nobody was signed in yet */
    refused(what: string, fault: EntraFault | undefined, of: Account | undefined): void {
      if (fault === undefined || (fault.claims === undefined && !asksAnew(fault))) return;
      const isReadable = fault.claims !== undefined && jsonObject(fault.claims) !== undefined;
      const key = keyOf(what, of);
      demands.delete(key);
      demands.set(key, {
        of,
        claims: isReadable ? fault.claims : undefined,
        anew: asksAnew(fault) || !isReadable,
      });
      const [oldest] = demands.keys();
      if (oldest !== undefined && demands.size > mostDemands) demands.delete(oldest);
    },

    /** It is not refused to this account any more. */
    given(what: string, to: Account): void {
      demands.delete(keyOf(what, to));
      demands.delete(keyOf(what, undefined));
    },

    /**
     * For a sign-in that begins now.
     * @param isFor whether it may be this person's
     * @returns what to ask for; `met` is for the sign-in's good end
     */
    next(isFor: (person: Account) => boolean): NextSignIn & { met(person: Account): void } {
      const taken = [...demands].filter(([, { of }]) => of === undefined || isFor(of));
      const claims = mergeClaims(taken.flatMap(([, demand]) => demand.claims ?? []));
      return {
        ...defined({ claims }),
        ...(taken.some(([, { anew }]) => anew) ? { anew: true } : {}),
        /** What was refused meanwhile stays, and so does what was asked of somebody else. */
        met(person) {
          for (const [key, demand] of taken) {
            const wasTheirs = demand.of === undefined || isSamePerson(demand.of, person);
            if (wasTheirs && demands.get(key) === demand) demands.delete(key);
          }
        },
      };
    },
  };
}

function keyOf(what: string, of: Account | undefined): string {
  return JSON.stringify([what, of?.tenantId, of?.objectId]);
}

/**
 * One challenge that asks for all that these ask for (OpenID Connect Core section 5.5): lists of values are put together, of
 * two times the later one counts. The newest come first, and where it becomes too long for an address the oldest are left out.
 * @param texts JSON objects, oldest first
 */
export function mergeClaims(texts: readonly string[]): string | undefined {
  let merged: string | undefined;
  for (const text of [...new Set(texts)].toReversed()) {
    const parsed = jsonObject(text);
    if (parsed === undefined) continue;
    const next = merged === undefined ? text : JSON.stringify(merge(JSON.parse(merged), parsed));
    if (merged === undefined || next.length <= longestClaims) merged = next;
  }
  return merged;
}

type Json = Record<string, unknown>;

function merge(left: unknown, right: unknown): unknown {
  if (isJsonObject(left) && isJsonObject(right)) {
    if (isRequest(left) && isRequest(right)) return mergeRequests(left, right);
    const both = Object.entries(right).map(([name, value]) => [
      name,
      Object.hasOwn(left, name) ? merge(left[name], value) : value,
    ]);
    return { ...left, ...(Object.fromEntries(both) as Json) };
  }
  // `null` asks for a claim without more.
  return left ?? right;
}

/** Whether it says how a single claim is wanted: essential, value, values. */
function isRequest(of: Json): boolean {
  return ['essential', 'value', 'values'].some((name) => Object.hasOwn(of, name));
}

function mergeRequests(left: Json, right: Json): Json {
  const isEssential = left['essential'] === true || right['essential'] === true;
  const values = [...new Set([left, right].flatMap(valuesOf))];
  const all = { ...left, ...right };
  delete all['value'];
  delete all['values'];
  if (isEssential) all['essential'] = true;
  const isTime = values.length > 1 && values.every((value) => /^\d{9,12}$/.test(String(value)));
  if (isTime) return { ...all, value: String(Math.max(...values.map(Number))) };
  if (values.length === 0) return all;
  const wereLists = [left, right].some((one) => Array.isArray(one['values']));
  return values.length === 1 && !wereLists ? { ...all, value: values[0] } : { ...all, values };
}

function valuesOf({ value, values }: Json): unknown[] {
  return [...(Array.isArray(values) ? (values as unknown[]) : []), ...(value === undefined ? [] : [value])];
}
