/** The two clocks that a deadline is held against, both in milliseconds. */
export interface Clocks {
  /** Since 1970; jumps when somebody sets it, runs on in suspend. */
  wall(): number;
  /** Since an arbitrary start; never jumps, may stand still in suspend. */
  monotonic(): number;
}

export const systemClocks: Clocks = { wall: () => Date.now(), monotonic: () => performance.now() };
