/** A fault at one place of the configuration; `path` is the way to it, as in `connections[1].port`. */
export interface Fault {
  path: (string | number)[];
  message: string;
}

/** Names that stand before already. @param entries each with the way to it */
export function repeated(entries: readonly [string, Fault['path']][]): Fault[] {
  const seen = new Set<string>();
  const faults: Fault[] = [];
  for (const [name, path] of entries) {
    if (seen.has(name)) faults.push({ path, message: `"${name}" is used twice; give each its own name` });
    seen.add(name);
  }
  return faults;
}
