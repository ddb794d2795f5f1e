import { LatchkeyError } from '../contract/errors.ts';
import { type FaultyConnection, refuseNewFaults } from './faulty.ts';
import { type ConfigurationTexts, loadedFrom, type LoadedConfiguration } from './load.ts';
import type { OrganisationLayer } from './organisation.ts';

/**
 * A changed file as it would load. What had a fault before may keep it, so that nobody has to mend another connection first.
 * @param saved names of connections that have to be in order now
 * @throws LatchkeyError `config-invalid` with all faults of the result
 */
export function checkedChange(
  {
    before,
    changed,
    organisation,
  }: { before: string; changed: string; organisation?: OrganisationLayer | undefined },
  label: string,
  saved: readonly unknown[] = [],
): LoadedConfiguration {
  const loaded = loadedFrom({ person: changed, organisation }, label);
  const known = loadedIfInOrder({ person: before, organisation }, label)?.faulty ?? [];
  refuseNewFaults(loaded, withoutSaved(known, saved), label);
  return loaded;
}

const withoutSaved = (faulty: readonly FaultyConnection[], saved: readonly unknown[]): FaultyConnection[] =>
  faulty.filter(({ name }) => !saved.includes(name));

/** A change may be what puts a file in order again. */
export function loadedIfInOrder(texts: ConfigurationTexts, file: string): LoadedConfiguration | undefined {
  try {
    return loadedFrom(texts, file);
  } catch (error) {
    if (error instanceof LatchkeyError) return undefined;
    throw error;
  }
}
