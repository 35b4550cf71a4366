import type { LimitModelKind } from '../../../src/simulator/limits/limit-model.ts';
import { LIMIT_KINDS, type LimitName } from '../../../src/simulator/limits/limits.ts';
import type { CaseJob, LimitSpec, ProviderSpec } from './case.ts';
import { chargeOf } from './charges.ts';
import type { Draw } from './dice.ts';

export interface LimitsToDraw {
  readonly dialect: ProviderSpec['dialect'];
  /** The limits, in calls. */
  readonly callsPerMinute: number;
  readonly kind: LimitModelKind;
  readonly windowMs: number;
  readonly fill: number;
  readonly jobs: readonly CaseJob[];
}

/** Lengths that divide the clock's minute. */
const FIXED_MS = [100, 500, 1_000, 5_000, 10_000, 15_000, 30_000, 60_000] as const;
/** Largest part of a minute's tokens in one call. */
const LARGEST = 0.2;

const NAMES = {
  openai: ['requestsPerMinute', 'tokensPerMinute'],
  anthropic: ['requestsPerMinute', 'inputTokensPerMinute', 'outputTokensPerMinute'],
  groq: ['requestsPerMinute', 'tokensPerMinute'],
} as const satisfies Record<string, readonly LimitName[]>;

/** All limits of the provider: one binds, or two about equally; others leave room. */
export function drawLimits(draw: Draw, setup: LimitsToDraw): { limits: LimitSpec[]; jobs: CaseJob[] } {
  const { dialect, callsPerMinute } = setup;
  const names: readonly LimitName[] = NAMES[dialect];
  const binding = Math.floor(draw.random() * names.length);
  const second = draw.chance(0.15) ? (binding + 1) % names.length : -1;
  const room = names.map((_, index) =>
    index === binding ? 1 : index === second ? draw.between(1, 1.3) : draw.logarithmic(2, 20),
  );
  const provider = { dialect } as ProviderSpec;
  let jobs = [...setup.jobs];
  const charge = (name: LimitName, job: CaseJob): number => {
    const { need, final } = chargeOf(provider, name, job);
    return Math.max(need, final);
  };
  const means = names.map((name) => jobs.reduce((sum, job) => sum + charge(name, job), 0) / jobs.length);
  // Calls that would never fit are made smaller.
  jobs = jobs.map((job) => {
    let shrink = 1;
    names.forEach((name, index) => {
      if (name === 'requestsPerMinute') return;
      const largest = LARGEST * callsPerMinute * room[index]! * means[index]!;
      shrink = Math.min(shrink, largest / charge(name, job));
    });
    return shrink < 1 ? smaller(job, shrink) : job;
  });
  const limits = names.map((name, index) => {
    const mean = jobs.reduce((sum, job) => sum + charge(name, job), 0) / jobs.length;
    const largest = Math.max(...jobs.map((job) => charge(name, job)));
    return enforced(setup, name, Math.round(callsPerMinute * room[index]! * mean), largest);
  });
  // A limit that leaves room is optional.
  const kept = limits.filter((_, index) => index === binding || index === second || draw.chance(0.7));
  return { limits: kept, jobs };
}

/** A window is long enough for the largest call, and for a bucket of more than one. */
function enforced(
  { kind, windowMs, fill }: LimitsToDraw,
  name: LimitName,
  perMinute: number,
  largest: number,
): LimitSpec {
  const least = ((kind === 'bucket' ? 1 : 3) * largest * 60_000) / perMinute;
  const common = { name, kind, ...(fill < 1 ? { fill } : {}) };
  if (kind === 'bucket') return { ...common, perMinute, windowMs: Math.min(60_000, Math.max(windowMs, least)) };
  const length = Math.max(windowMs, least);
  const whole = kind === 'fixed' ? (FIXED_MS.find((each) => each >= length) ?? 60_000) : Math.min(60_000, length);
  const quota = Math.max(1, Math.round((perMinute * whole) / 60_000));
  return { ...common, perMinute: (quota * 60_000) / whole, windowMs: whole };
}

function smaller(job: CaseJob, factor: number): CaseJob {
  const less = (tokens: number): number => Math.max(1, Math.floor(tokens * factor));
  const inputTokens = less(job.inputTokens);
  return {
    ...job,
    inputTokens,
    arrivalTokens: inputTokens,
    inputBytes: less(job.inputBytes),
    maxOutputTokens: less(job.maxOutputTokens),
    outputTokens: less(job.outputTokens),
  };
}

export function shortName(name: LimitName): string {
  return LIMIT_KINDS.find((kind) => kind.name === name)!.short;
}
