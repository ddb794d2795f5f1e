/** The keys of members that may be undefined. */
type Open<T> = { [K in keyof T]: undefined extends T[K] ? K : never }[keyof T];

/**
 * The members that have a value, to be spread into an object: with `exactOptionalPropertyTypes` an optional member is
 * absent, never undefined.
 */
export function defined<T extends object>(
  members: T,
): Omit<T, Open<T>> & { [K in Open<T>]?: Exclude<T[K], undefined> } {
  const kept = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as ReturnType<typeof defined<T>>;
}
