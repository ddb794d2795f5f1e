import type { Group } from '../contract/state.ts';

/** Which groups came and which went, by object id. */
export function groupChange(
  before: readonly Group[],
  after: readonly Group[],
): { added: Group[]; removed: Group[] } {
  const missingIn = (groups: readonly Group[]) => {
    const ids = new Set(groups.map(({ id }) => id));
    return (group: Group) => !ids.has(group.id);
  };
  return { added: after.filter(missingIn(before)), removed: before.filter(missingIn(after)) };
}
