import type { Dimension, Outcome } from '../../../src/core/outcome.ts';

/** Uniform in [0, 1), by seed: the same case for the same number. */
export type Random = () => number;

export function randomOf(seed: number): Random {
  let state = (seed * 2_654_435_761 + 88_675_123) >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value ^= value + Math.imul(value ^ (value >>> 7), 61 | value);
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const pick = <T>(random: Random, all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
const between = (random: Random, least: number, most: number): number =>
  least + Math.floor(random() * (most - least + 1));

/** One limit in the words that providers use for it. */
export interface Named {
  readonly dimension: Dimension;
  readonly noun: string;
  /** The same in names of quotas. */
  readonly id: string;
  readonly abbreviation: string;
  readonly window: 'minute' | 'hour' | 'day';
}

export const LIMITS: readonly Named[] = [
  { dimension: 'requests', noun: 'requests', id: 'requests', abbreviation: 'RPM', window: 'minute' },
  { dimension: 'tokens', noun: 'tokens', id: 'tokens', abbreviation: 'TPM', window: 'minute' },
  { dimension: 'input_tokens', noun: 'input tokens', id: 'input_tokens', abbreviation: 'ITPM', window: 'minute' },
  { dimension: 'output_tokens', noun: 'output tokens', id: 'output_tokens', abbreviation: 'OTPM', window: 'minute' },
  { dimension: 'requests_day', noun: 'requests', id: 'requests', abbreviation: 'RPD', window: 'day' },
  { dimension: 'tokens_day', noun: 'tokens', id: 'tokens', abbreviation: 'TPD', window: 'day' },
  { dimension: 'images', noun: 'images', id: 'images', abbreviation: 'IPM', window: 'minute' },
  { dimension: 'input_images', noun: 'input images', id: 'input_images', abbreviation: '', window: 'minute' },
  { dimension: 'audio_seconds', noun: 'seconds of audio', id: '', abbreviation: 'ASH', window: 'hour' },
  { dimension: 'audio_seconds_day', noun: 'seconds of audio', id: '', abbreviation: 'ASD', window: 'day' },
  { dimension: 'long_context', noun: 'long context input tokens', id: '', abbreviation: '', window: 'minute' },
  { dimension: 'web_search', noun: 'web searches', id: '', abbreviation: '', window: 'minute' },
  { dimension: 'tools', noun: 'tool calls', id: '', abbreviation: '', window: 'minute' },
];

/** What a refusal is meant to say. */
export interface Meaning {
  readonly outcome: Exclude<Outcome, 'ok'>;
  readonly noCapacity: boolean;
  readonly named: Named;
  readonly limit: number;
  readonly used: number;
  readonly requested: number;
  /** In the body; undefined if it says nothing. */
  readonly waitMs: number | undefined;
  /** In a header. */
  readonly headerMs: number | undefined;
}

export function meaningOf(random: Random): Meaning {
  const kind = random();
  const limit = between(random, 2, 400_000);
  const requested = between(random, 1, limit);
  const base = {
    named: pick(random, LIMITS),
    limit,
    used: Math.max(limit - requested + 1, between(random, 0, limit)),
    requested,
    waitMs: random() < 0.6 ? between(random, 1, 90_000) : undefined,
    headerMs: random() < 0.4 ? between(random, 1, 90) * 1_000 : undefined,
    noCapacity: false,
  };
  if (kind < 0.7) return { ...base, outcome: 'throttled' };
  if (kind < 0.78) return { ...base, outcome: 'too_large', limit: 0, used: 0, requested: 1 };
  if (kind < 0.85) return { ...base, outcome: 'too_large', requested: limit + between(random, 1, 1_000) };
  if (kind < 0.92) return { ...base, outcome: 'quota_exhausted' };
  return { ...base, outcome: 'overloaded', noCapacity: random() < 0.5 };
}
