import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface LoopDelay {
  quantile: '0.5' | '0.99' | '1';
  seconds: number;
}

/**
 * How late the event loop was since the last look. It is measured from the first look on: a computer on which nobody looks is
 * not woken for it.
 */
export function createLoopDelay() {
  let histogram: ReturnType<typeof monitorEventLoopDelay> | undefined;
  return {
    look(): LoopDelay[] {
      if (histogram === undefined) {
        histogram = monitorEventLoopDelay({ resolution: 20 });
        histogram.enable();
        return [];
      }
      if (histogram.count === 0) return [];
      const found: LoopDelay[] = [
        { quantile: '0.5', seconds: histogram.percentile(50) / 1e9 },
        { quantile: '0.99', seconds: histogram.percentile(99) / 1e9 },
        { quantile: '1', seconds: histogram.max / 1e9 },
      ];
      histogram.reset();
      return found;
    },
    close: (): void => void histogram?.disable(),
  };
}
