/** What a value is, where it is not told itself. */
export type Kind =
  | 'account'
  | 'address'
  | 'connection'
  | 'database'
  | 'domain'
  | 'file'
  | 'group'
  | 'host'
  | 'id'
  | 'organisation'
  | 'provider'
  | 'role'
  | 'sink'
  | 'stored'
  | 'text'
  | 'tool'
  | 'user';

export type Placeholders = ReturnType<typeof createPlaceholders>;

/**
 * Words in place of values that a stranger need not know: `host-2` says what kind it is, and is the same wherever the
 * value is the same, in whatever case it was written.
 */
export function createPlaceholders() {
  const words = new Map<string, string>();
  const counts = new Map<Kind, number>();

  function known(value: string): string | undefined {
    return words.get(normal(value));
  }

  return {
    known,
    /** Whatever a value was first seen as, it stays. */
    of(kind: Kind, value: string): string {
      const before = known(value);
      if (before !== undefined || normal(value) === '') return before ?? '';
      const number = (counts.get(kind) ?? 0) + 1;
      counts.set(kind, number);
      const word = `${kind}-${number}`;
      words.set(normal(value), word);
      return word;
    },
    /** All that has a word, as it stands in texts. */
    values: (): string[] => [...words.keys()],
  };
}

const normal = (value: string): string => value.trim().toLowerCase();
