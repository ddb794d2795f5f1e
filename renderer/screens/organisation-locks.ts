import type { AppState } from '../../main/contract/state.ts';

/** Whether the organisation keeps a key from being changed, by those that it locks; "" is all of them. */
export function isLocked(locked: readonly string[], key: string): boolean {
  return locked.some((one) => one === '' || key === one || key.startsWith(`${one}.`));
}

/** Whether a person may have more of these than the organisation has. */
export function mayAdd({ organisationSettings }: AppState, what: 'providers' | 'connections'): boolean {
  if (organisationSettings === undefined) return true;
  const { locked, forbid } = organisationSettings;
  return !locked.includes(what) && !forbid.includes(what);
}
