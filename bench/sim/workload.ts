import type { Priority } from '../../src/core/admission.ts';
import type { Random } from '../../src/simulator/random.ts';

/** One call to make. */
export interface Job {
  readonly arriveMs: number;
  readonly priority: Priority;
  readonly tenant?: string;
  /** As reported by the answer. */
  readonly inputTokens: number;
  /** The provider's count for the prompt on arrival: OpenAI goes by its characters, and does not correct it. */
  readonly arrivalTokens: number;
  readonly inputBytes: number;
  readonly maxOutputTokens: number;
  readonly outputTokens: number;
  readonly stream: boolean;
}

export type Shape = 'uniform' | 'mixed';

export interface LoadOptions {
  readonly count: number;
  readonly shape: Shape;
  readonly random: Random;
  readonly stream?: boolean;
  readonly priority?: Priority;
  /** Mean calls per minute of a Poisson process; default: all at once. */
  readonly perMinute?: number;
  readonly fromMs?: number;
  /** Multiplies the sizes. */
  readonly scale?: number;
  /** `arrivalTokens` relative to `inputTokens`. Default 1. */
  readonly onArrival?: number;
}

const BYTES_PER_TOKEN = 4.2;

/** The sizes are those of the pilot: uniform 800 + 500, or heavy-tailed 100 … 5,000 + 256/512/1,024. */
export function makeJobs(options: LoadOptions): Job[] {
  const { count, shape, random, scale = 1, onArrival = 1 } = options;
  const jobs: Job[] = [];
  let arriveMs = options.fromMs ?? 0;
  for (let index = 0; index < count; index++) {
    if (options.perMinute !== undefined) arriveMs += (-Math.log(1 - random()) * 60_000) / options.perMinute;
    const input = shape === 'uniform' ? 800 : 100 * Math.exp(3.9 * random());
    const most = shape === 'uniform' ? 500 : [256, 512, 1_024][Math.floor(3 * random())]!;
    const inputTokens = Math.max(1, Math.round(input * scale));
    const maxOutputTokens = Math.max(1, Math.round(most * scale));
    jobs.push({
      arriveMs,
      priority: options.priority ?? 'normal',
      inputTokens,
      arrivalTokens: Math.max(1, Math.round(inputTokens * onArrival)),
      inputBytes: Math.round(inputTokens * BYTES_PER_TOKEN),
      maxOutputTokens,
      outputTokens: Math.max(1, Math.round(maxOutputTokens * (0.15 + 0.5 * random()))),
      stream: options.stream ?? false,
    });
  }
  return jobs;
}
