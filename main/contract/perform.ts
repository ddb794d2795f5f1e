import { z } from 'zod';
import type { Action } from './actions.ts';
import type { ActionSchema } from './action-schemas.ts';
import { apiProofFields, proofFields, type Proof } from './proof.ts';

/** An action as the surfaces serve it. */
export interface Served {
  /** What a request must fit, whole. */
  request: z.ZodType;
  /** Runs it with a request that fits; only what the contract names of the reply comes back. */
  run(input: unknown): Promise<unknown>;
}

type Handler = (input: never, proof: Proof) => Promise<unknown>;

/** Joins entry, schemas and handler of an action, for window and API alike. */
export function served(
  { may }: Action,
  { request, reply }: Pick<ActionSchema, 'request' | 'reply'>,
  handler: Handler,
  surface: 'window' | 'api',
): Served {
  // The type checker cannot pair an action's schema with its handler across the union; the mapped types do.
  const handle = handler as (input: unknown, proof: Proof) => Promise<unknown>;
  const answer = async (result: Promise<unknown>): Promise<unknown> => reply.parse((await result) ?? {});
  if (may !== 'administers') return { request, run: async (input) => answer(handle(input, {})) };
  return {
    request: withProof(request, surface),
    async run(given) {
      const { code, phone, setUp, as, ...input } = given as Proof & Record<string, unknown>;
      return answer(handle(input, { code, phone, setUp, as }));
    },
  };
}

/** What administers takes a proof of the person beside its own; of a new home also one that only its files give. */
export function withProof(request: z.ZodType, surface: 'window' | 'api'): z.ZodType {
  if (!(request instanceof z.ZodObject)) throw new TypeError('what administers takes an object');
  return request.extend(surface === 'api' ? apiProofFields : proofFields);
}
