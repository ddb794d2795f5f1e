import { type ErrorCode, type FileFault, LatchkeyError, type Problem } from '../contract/errors.ts';
import type { Fault } from './fault.ts';
import { invalidConfiguration, placeText } from './layer.ts';
import { isRecord } from './yaml/render.ts';

/** An entry of `connections` with faults: nothing of it counts until they are corrected. */
export interface FaultyConnection {
  /** `connections[2]` where it has no name that is a text. */
  name: string;
  hasName: boolean;
  /** As the layers have it. */
  written: unknown;
  /** With each fault by itself. */
  problem: Problem & { faults: FileFault[] };
}

/** What has been read where connections with faults are left out. */
interface Loaded {
  faulty: readonly FaultyConnection[];
  layers: { organisation: { label: string } | undefined };
}

/** The entries of `connections` as they are written. */
export function entriesOf(value: unknown): unknown[] {
  const listed = isRecord(value) ? value['connections'] : undefined;
  return Array.isArray(listed) ? (listed as unknown[]) : [];
}

/** The index of the connection that a fault lies within; undefined where it lies elsewhere. */
export function entryAt([list, index]: Fault['path']): number | undefined {
  return list === 'connections' && typeof index === 'number' ? index : undefined;
}

const correct = 'Correct what is named, and let the configuration count anew: latchkey config reload';

export function faultyConnection(
  written: unknown,
  index: number,
  { faults, code = 'config-invalid' }: { faults: FileFault[]; code?: ErrorCode | undefined },
): FaultyConnection {
  const named = isRecord(written) ? written['name'] : undefined;
  const hasName = typeof named === 'string' && named !== '';
  const name = hasName ? named : placeText(['connections', index]);
  const message = `${hasName ? `Connection "${name}"` : name} is left out: ${faults.map(faultText).join('; ')}.`;
  return { name, hasName, written, problem: { code, message, remedy: correct, faults } };
}

const faultText = ({ file, line, text }: FileFault): string =>
  `${text} (${file}${line === undefined ? '' : `, line ${line}`})`;

/** All faults as one error; where the organisation alone can correct them, it says so. */
export function invalidLayers(
  faults: readonly FileFault[],
  organisation: { label: string } | undefined,
  label: string,
): LatchkeyError {
  const isOrganisations =
    organisation !== undefined && faults.every(({ file }) => file === organisation.label);
  return invalidConfiguration(
    isOrganisations ? organisation.label : label,
    faults,
    isOrganisations
      ? 'Whoever administers this computer corrects the lines named; nothing has been changed.'
      : undefined,
  );
}

/** @throws LatchkeyError `config-invalid` with all faults, where a connection is left out for one */
export function demandWhole<Of extends Loaded>(loaded: Of, label: string): Of {
  if (loaded.faulty.length > 0) throw wholeFault(loaded, label);
  return loaded;
}

/**
 * Connections may be left out where they have been before. No other one is: it may be what runs, or what somebody has just
 * written.
 * @throws LatchkeyError `config-invalid` with all faults
 */
export function refuseNewFaults(loaded: Loaded, before: readonly FaultyConnection[], label: string): void {
  if (!loaded.faulty.every((one) => before.some((other) => isSameEntry(one, other))))
    throw wholeFault(loaded, label);
}

function wholeFault({ faulty, layers }: Loaded, label: string): LatchkeyError {
  const faults = faulty
    .flatMap(({ problem }) => problem.faults)
    .toSorted((left, right) => (left.line ?? 0) - (right.line ?? 0));
  const error = invalidLayers(faults, layers.organisation, label);
  // Where it is the files alone that cannot be read, that is what is told.
  return faulty.every(({ problem }) => problem.code === 'config-unreadable')
    ? new LatchkeyError('config-unreadable', error.message, { remedy: error.remedy, faults })
    : error;
}

/** One without a name is told by what it says. */
function isSameEntry(one: FaultyConnection, other: FaultyConnection): boolean {
  if (one.hasName || other.hasName) return one.hasName && other.hasName && one.name === other.name;
  return JSON.stringify(one.written) === JSON.stringify(other.written);
}
