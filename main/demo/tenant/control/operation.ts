import { z } from 'zod';
import { tenantError } from '../tenant-error.ts';

/** One thing that can be done to a running tenant: a route of the control API and a method of {@link LocalTenant}. */
export interface Operation<Input extends z.ZodType, Output> {
  method: 'GET' | 'POST';
  path: string;
  /** One sentence for the list that the control API serves. */
  summary: string;
  input: Input;
  run(input: z.output<Input>): Output;
}

/** The input of an operation that takes none. */
export const noInput = z.strictObject({}).default({});

/** An operation that only reads. */
export function get<Output>(
  path: string,
  summary: string,
  run: () => Output,
): Operation<typeof noInput, Output> {
  return { method: 'GET', path, summary, input: noInput, run };
}

/** An operation that changes something. */
export function post<Input extends z.ZodType, Output>(
  path: string,
  summary: string,
  input: Input,
  run: (input: z.output<Input>) => Output,
): Operation<Input, Output> {
  return { method: 'POST', path, summary, input, run };
}

/** The operations as plain methods. */
export type Methods<Operations> = {
  [Name in keyof Operations]: Operations[Name] extends Operation<infer Input, infer Output>
    ? undefined extends z.input<Input>
      ? (input?: z.input<Input>) => Output
      : (input: z.input<Input>) => Output
    : never;
};

/**
 * Checks the input of an operation and carries it out.
 *
 * @throws TenantError when the input is wrong or names something that is not there.
 */
export function runOperation<Input extends z.ZodType, Output>(
  each: Operation<Input, Output>,
  input: unknown,
): Output {
  const parsed = each.input.safeParse(input);
  if (!parsed.success) throw tenantError('invalid', z.prettifyError(parsed.error));
  return each.run(parsed.data);
}

/** Turns a table of operations into methods that check their input. */
export function toMethods<Operations extends Record<string, Operation<z.ZodType, unknown>>>(
  operations: Operations,
): Methods<Operations> {
  const methods = Object.entries(operations).map(([name, each]) => [
    name,
    (input: unknown) => runOperation(each, input),
  ]);
  return Object.fromEntries(methods) as Methods<Operations>;
}
