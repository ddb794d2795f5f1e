/** Both in milliseconds. */
export interface Clocks {
  /** Since 1970; jumps when somebody sets it, runs on in suspend. */
  now(): number;
  /** On a clock that nobody can set back; may stand still in suspend. */
  monotonic(): number;
}

/** The moment at which a session ends: on whichever of two clocks it comes first. */
export class Deadline {
  readonly #clocks: Clocks;
  readonly #until: number;
  readonly #untilMonotonic: number;
  readonly #onPassed: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param until since 1970 @param leftMs from now, on the clock that nobody can set back */
  constructor(clocks: Clocks, until: number, leftMs: number, onPassed: () => void) {
    this.#clocks = clocks;
    this.#until = until;
    this.#untilMonotonic = clocks.monotonic() + leftMs;
    this.#onPassed = onPassed;
    this.watch();
  }

  isOver(): boolean {
    return this.#clocks.now() >= this.#until || this.#clocks.monotonic() >= this.#untilMonotonic;
  }

  /** How long it is until then, by whichever clock is less. */
  get leftMs(): number {
    return Math.min(this.#until - this.#clocks.now(), this.#untilMonotonic - this.#clocks.monotonic());
  }

  /** Sets the timer anew: after a suspend, or where somebody has set the clock, it would come too late. */
  watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onTimer(), Math.max(0, this.leftMs) + 5);
    this.#timer.unref();
  }

  #onTimer(): void {
    if (this.isOver()) this.#onPassed();
    else this.watch();
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
