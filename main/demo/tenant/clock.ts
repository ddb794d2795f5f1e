export interface Clock {
  /** Milliseconds since 1970, shifted by whatever `shift` has added up to. */
  now(): number;
  /** Moves the tenant's time; negative values move it back. */
  shift(milliseconds: number): void;
}

/** The one clock of a tenant: tokens, codes and logs take their time from here, so that a test can move it. */
export function createClock(now: () => number): Clock {
  let offset = 0;
  return {
    now: () => now() + offset,
    shift: (milliseconds) => {
      offset += milliseconds;
    },
  };
}
