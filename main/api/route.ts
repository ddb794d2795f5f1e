import { z } from 'zod';
import type { Broker } from '../broker.ts';

export interface Route {
  body: z.ZodType;
  run(broker: Broker, input: never): Promise<unknown>;
}

export function route<Body extends z.ZodType>(
  body: Body,
  run: (broker: Broker, input: z.infer<Body>) => Promise<unknown>,
): Route {
  return { body, run };
}

/** A route that answers with `{}` when it is done. */
export function order<Body extends z.ZodType>(
  body: Body,
  run: (broker: Broker, input: z.infer<Body>) => Promise<unknown>,
): Route {
  return route(body, async (broker, input) => {
    await run(broker, input);
    return {};
  });
}

export const nothing = z.strictObject({});
export const name = z.string().min(1).max(100);
export const secret = z.string().min(1).max(4096);
