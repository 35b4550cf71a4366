import type { GuardOptions } from '../src/index.ts';
import type { SimulatorFaults, SimulatorOptions } from '../src/testing.ts';
import type { ProviderId } from './classifier.ts';

/** One fault and its alert; others may come with it. */
export interface Scene {
  readonly name: string;
  readonly says: string;
  readonly alert: string;
  /** Minutes after which the shipped rules fire; an estimate, for the reader. */
  readonly dueMinutes: number;
  /** Timeout for the alert to arrive and to resolve, at the fastest scale. */
  readonly withinMs: number;
  readonly provider: ProviderId;
  /** The fault: in the provider's answers, or in the number of callers. */
  readonly fault: { readonly faults: SimulatorFaults } | { readonly callers: number };
}

/** The scale for which the times here are meant; a smaller one extends all of them. */
export const FASTEST = 60;

/** Calm traffic before the first fault. */
export const CALM_MS = 12_000;

// All timeouts together, with the calm before, are below five minutes.
export const SCENES: readonly Scene[] = [
  {
    name: 'retry spike',
    says: 'Groq answers one request in three with 500.',
    alert: 'TidegateRetrySpike',
    dueMinutes: 10,
    withinMs: 75_000,
    provider: 'groq',
    fault: { faults: { rates: { server_error: 0.35 } } },
  },
  {
    name: 'saturated tier',
    says: 'A dozen callers ask OpenAI for more than its tier of 240 requests a minute.',
    alert: 'TidegateTierSaturated',
    dueMinutes: 30,
    // One minute's worth is a minute's at any scale.
    withinMs: 122_000,
    provider: 'openai',
    fault: { callers: 12 },
  },
  {
    name: 'outage',
    says: 'Anthropic is down: every request is answered with 529.',
    alert: 'TidegateCircuitOpen',
    dueMinutes: 5,
    withinMs: 75_000,
    provider: 'anthropic',
    fault: { faults: { outage: { kind: 'overloaded' } } },
  },
];

const COMMON = { reply: 'label', seed: 7, latency: { baseMs: 60, jitter: 0.3 } } as const;
const ROOMY = { requestsPerMinute: 3_000, tokensPerMinute: 3_000_000 };

export const SIMULATED: Readonly<Record<ProviderId, SimulatorOptions>> = {
  // Small enough that what it has saved is spent within seconds, and large enough that the queue is gone within
  // seconds.
  openai: { provider: 'openai', limits: { requestsPerMinute: 240, tokensPerMinute: 3_000_000 }, ...COMMON },
  anthropic: { provider: 'anthropic', limits: ROOMY, ...COMMON },
  groq: { provider: 'groq', limits: ROOMY, ...COMMON },
};

/** Milliseconds between calls in calm times. OpenAI's small tier must stay nearly unused. */
export const PAUSE_MS: Readonly<Record<ProviderId, number>> = { openai: 2_000, anthropic: 300, groq: 250 };

/**
 * A circuit with times as short as those of the rules: at the fastest scale it looks back 20 s and probes every 4 s.
 * One error in three must not open it, so the retry budget renews itself fast enough for that many.
 */
export function guardOptions(timeScale: number): GuardOptions {
  const times = (ms: number): number => (ms * FASTEST) / timeScale;
  return {
    breaker: { windowMs: times(20_000), halfOpenAfterMs: times(4_000), maxHalfOpenAfterMs: times(4_000) },
    retry: { budget: { windowMs: 10_000 } },
  };
}
