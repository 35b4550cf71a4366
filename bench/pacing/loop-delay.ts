import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 10;

/** Measures how late this process's timers are; the result is the 99th percentile in milliseconds. */
export function watchLoopDelay(): () => number {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return () => Math.max(0, histogram.percentile(99) / 1e6 - RESOLUTION_MS);
}
