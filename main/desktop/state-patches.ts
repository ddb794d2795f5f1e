import type { AppState } from '../contract/state.ts';
import type { StatePatch } from '../contract/state-patch.ts';

/** Makes patches of states, so that only what has changed crosses to the windows. */
export function createStatePatches() {
  let version = 0;
  /** What was sent last, each part as text: a state may share its parts with the next one. */
  let sent: Map<string, string> | undefined;
  return {
    /** Undefined where nothing has changed since the last one. */
    next(state: AppState): StatePatch | undefined {
      const parts = Object.entries(state).filter(([, value]) => value !== undefined);
      const now = new Map(parts.map(([part, value]) => [part, JSON.stringify(value)]));
      const before = sent;
      const changed = parts.filter(([part]) => before?.get(part) !== now.get(part));
      const gone = [...(before?.keys() ?? [])].filter((part) => !now.has(part));
      if (before !== undefined && changed.length === 0 && gone.length === 0) return undefined;
      sent = now;
      version += 1;
      return {
        version,
        ...(before === undefined ? {} : { from: version - 1 }),
        set: Object.fromEntries(changed),
        ...(gone.length === 0 ? {} : { gone }),
      };
    },
    /** The next one is the whole state: a page has begun anew, or has lost one. */
    forget(): void {
      sent = undefined;
    },
  };
}
