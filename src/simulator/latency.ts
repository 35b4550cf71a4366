import { checkKeys, numberFrom } from './validate.ts';

/** Latency of answers; none by default. */
export interface SimulatorLatency {
  /** Milliseconds to the first token. Minimum and default 0. */
  readonly baseMs?: number;
  /** Milliseconds for each output token. Minimum and default 0. */
  readonly perTokenMs?: number;
  /** Random variation of both by this share, up and down, by the seed: 0 … 1. Default 0. */
  readonly jitter?: number;
}

export function resolveLatency(latency: SimulatorLatency): Required<SimulatorLatency> {
  checkKeys(latency, 'latency', ['baseMs', 'perTokenMs', 'jitter']);
  return {
    baseMs: numberFrom(latency.baseMs, 'latency.baseMs', 0, 3_600_000, 0),
    perTokenMs: numberFrom(latency.perTokenMs, 'latency.perTokenMs', 0, 60_000, 0),
    jitter: numberFrom(latency.jitter, 'latency.jitter', 0, 1, 0),
  };
}
