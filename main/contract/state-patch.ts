import type { AppState } from './state.ts';

/** What of the state has changed, by its top-level parts. */
export interface StatePatch {
  /** Of the state after it. */
  version: number;
  /** The version that it changes; absent where it is the whole state. */
  from?: number;
  set: Partial<AppState>;
  /** Parts that are not there any more. */
  gone?: string[];
}

/** A state that was put together from patches. */
export interface PatchedState {
  state: AppState;
  /** Absent where it did not come by a patch. */
  version?: number;
}

/** Undefined where something before the patch was lost: then the whole state has to be asked for. */
export function patched(known: PatchedState | undefined, patch: StatePatch): PatchedState | undefined {
  const { version, from, set, gone = [] } = patch;
  if (from === undefined) return { state: set as AppState, version };
  if (known?.version !== from) return undefined;
  const kept = Object.entries(known.state).filter(([part]) => !gone.includes(part));
  return { state: { ...(Object.fromEntries(kept) as AppState), ...set }, version };
}
