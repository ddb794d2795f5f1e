import { z } from 'zod';

/**
 * The schema of a change to an object: every field may be left out and then stays as it is. zod's own `partial` would
 * fill it with the field's default.
 */
export function changeSchema<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
): ReturnType<z.ZodObject<Shape>['partial']> {
  const fields = Object.entries(schema.shape as z.ZodRawShape).map(([name, field]) => {
    const bare = field instanceof z.ZodDefault ? field.unwrap() : field;
    return [name, z.optional(bare)];
  });
  return z.strictObject(Object.fromEntries(fields)) as unknown as ReturnType<z.ZodObject<Shape>['partial']>;
}

/** Puts the fields that a change names into the object. */
export function applyChange<T extends object>(
  target: T,
  change: { [Name in keyof T]?: T[Name] | undefined },
): void {
  const named = Object.entries(change).filter(([, value]) => value !== undefined);
  Object.assign(target, Object.fromEntries(named));
}
