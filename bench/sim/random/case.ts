import type { GuardOptions } from '../../../src/options.ts';
import type { LimitName } from '../../../src/simulator/limits/limits.ts';
import type { LimitModelKind } from '../../../src/simulator/limits/limit-model.ts';
import type { LimitView } from '../../../src/simulator/limits/limit-view.ts';
import type { Random } from '../../../src/simulator/random.ts';
import type { Job } from '../workload.ts';
import type { Wrong } from './wrong.ts';

/** One enforced limit: `perMinute` in the long run, `perMinute * windowMs / 60 000` at once. */
export interface LimitSpec {
  readonly name: LimitName;
  readonly kind: LimitModelKind;
  readonly perMinute: number;
  readonly windowMs: number;
  /** Part of it available at the start. Default 1. */
  readonly fill?: number;
}

/** A provider as its clients see it, independent of the simulator that the pacer was tuned on. */
export interface ProviderSpec {
  readonly dialect: 'openai' | 'anthropic' | 'groq';
  readonly limits: readonly LimitSpec[];
  /** Requests in flight at once; one more is refused with a 429. */
  readonly maxConcurrent?: number;
  readonly headers: 'all' | 'success' | 'failure' | 'none';
  readonly view: LimitView;
  /** Headers describe the previous answer. */
  readonly late?: boolean;
  /** The reset is a time, in seconds since 1970. Anthropic's always is one, as a date. */
  readonly absoluteReset?: boolean;
  /** Headers are of another scope: a multiple of the limits, of which others use a share. */
  readonly scope?: { readonly factor: number; readonly othersShare: number };
  readonly retryAfter: 'seconds' | 'exact' | 'absent' | 'lying';
  /** Refusals name the limit and its numbers, or say only "Too Many Requests". */
  readonly texts: 'full' | 'mute';
  /** Nothing is counted before the answer is complete. */
  readonly countsAtEnd?: boolean;
  /** A refused request takes one of the requests that are left. */
  readonly countsRefused?: boolean;
  readonly oneWayMs: number;
  /** Elapsed part of the clock's minute at the start, which fixed windows follow. Default 0. */
  readonly minuteMs?: number;
  /** Share of requests that fail with a 5xx or a reset connection. */
  readonly errors?: number;
  /** Share of requests that are refused with a 429, whatever the pace. */
  readonly throttles?: number;
  /** Multiplies all limits at a time. */
  readonly change?: { readonly atMs: number; readonly factor: number };
  /** Everything fails in this time. */
  readonly outage?: { readonly fromMs: number; readonly untilMs: number };
  /** Share of the limits that another user takes, steadily. */
  readonly neighbour?: number;
  /** What it does wrong, while serving. */
  readonly wrong?: Wrong;
}

/** A call with drawn properties: every contestant meets the same answers and the same faults. */
export interface CaseJob extends Job {
  /** From the arrival of the request until the answer is sent. */
  readonly latencyMs: number;
  /** Seeds the faults that its attempts meet. */
  readonly faultSeed: number;
}

export interface Case {
  readonly name: string;
  /** Command that repeats it. */
  readonly command: string;
  readonly seed: number;
  readonly provider: ProviderSpec;
  readonly jobs: (random: Random) => readonly CaseJob[];
  /** Processes that share the calls in turn without knowing of each other. Default 1. */
  readonly processes?: number;
  /** A new process after this many calls, instead of `processes`. */
  readonly callsPerProcess?: number;
  readonly options?: GuardOptions;
  /** Measures only calls that arrive from here on. Default 0. */
  readonly measuredFromMs?: number;
}

/** The processes of a case, and which makes which call. */
export function processOf(each: Case, index: number): number {
  return each.callsPerProcess === undefined ? index % (each.processes ?? 1) : Math.floor(index / each.callsPerProcess);
}
