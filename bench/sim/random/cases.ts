import type { Priority } from '../../../src/core/admission.ts';
import { PLAIN_VIEW } from '../../../src/simulator/limits/limit-view.ts';
import type { Random } from '../../../src/simulator/random.ts';
import type { Case, CaseJob, LimitSpec, ProviderSpec } from './case.ts';
import { Draw } from './dice.ts';
import { caseJob } from './draw-jobs.ts';

const SEED = 7;
const ANSWER_MS = 200;

export interface Load {
  readonly calls: number;
  readonly latencyMs?: number;
  readonly inputTokens?: number;
  readonly maxOutputTokens?: number;
  /** Spread of input sizes. Default 0. */
  readonly spread?: number;
  readonly atMs?: (index: number) => number;
  readonly priority?: Priority;
}

export function load({
  calls,
  latencyMs = ANSWER_MS,
  inputTokens = 300,
  maxOutputTokens = 64,
  spread = 0,
  atMs,
  priority,
}: Load) {
  return (random: Random): CaseJob[] => {
    const draw = new Draw(random);
    return Array.from({ length: calls }, (_, index) =>
      caseJob({
        inputTokens: Math.max(20, Math.round(inputTokens * (spread === 0 ? 1 : draw.heavyTailed(spread)))),
        maxOutputTokens,
        outputTokens: Math.max(1, Math.round(maxOutputTokens * draw.between(0.2, 0.7))),
        latencyMs: latencyMs * draw.between(0.8, 1.2),
        faultSeed: Math.floor(random() * 2 ** 32),
        arriveMs: atMs?.(index) ?? 0,
        ...(priority && { priority }),
      }),
    );
  };
}

export function bucket(name: LimitSpec['name'], perMinute: number, windowMs: number): LimitSpec {
  return { name, kind: 'bucket', perMinute, windowMs };
}

function rpm(perMinute: number, windowMs: number): LimitSpec[] {
  return [bucket('requestsPerMinute', perMinute, windowMs), bucket('tokensPerMinute', 200_000_000, windowMs)];
}

/** `remaining` is what can be spent now, `reset` the time until that is full. */
export const LEVEL = { ...PLAIN_VIEW, remaining: 'bucket' } as const;

export function provider(limits: readonly LimitSpec[], over: Partial<ProviderSpec> = {}): ProviderSpec {
  const common = { dialect: 'openai', headers: 'all', retryAfter: 'seconds', texts: 'full', oneWayMs: 1 } as const;
  return { ...common, limits, view: LEVEL, ...over };
}

export function named(name: string, spec: ProviderSpec, jobs: Case['jobs'], over: Partial<Case> = {}): Case {
  return { name, command: `--case ${name}`, seed: SEED, provider: spec, jobs, ...over };
}

export const TEXTS = { headers: 'none', retryAfter: 'absent' } as const;
export const BLIND = { headers: 'none', retryAfter: 'absent', texts: 'mute' } as const;

/** Providers on which a pacer failed that succeeded on its own simulator, and others on which it did not. */
export const CASES: readonly Case[] = [
  named('second-rpm', provider(rpm(3_000, 1_000)), load({ calls: 800 })),
  named(
    'second-tpm',
    provider([bucket('requestsPerMinute', 3_000, 1_000), bucket('tokensPerMinute', 1_200_000, 1_000)]),
    load({ calls: 335, inputTokens: 760, spread: 1 }),
  ),
  named(
    'anthropic-2s',
    provider(
      [
        bucket('requestsPerMinute', 4_000, 2_000),
        bucket('inputTokensPerMinute', 1_000_000, 2_000),
        bucket('outputTokensPerMinute', 5_000_000, 2_000),
      ],
      { dialect: 'anthropic' },
    ),
    load({ calls: 230, inputTokens: 750, spread: 0.8 }),
  ),
  named(
    'groq-2s',
    provider([bucket('requestsPerMinute', 30_000, 2_000), bucket('tokensPerMinute', 600_000, 2_000)], {
      dialect: 'groq',
    }),
    load({ calls: 280, inputTokens: 430, spread: 0.8 }),
  ),
  named('second-cut', provider(rpm(6_000, 1_000), { change: { atMs: 4_000, factor: 0.4 } }), load({ calls: 900 })),
  named(
    'second-outage',
    provider(rpm(6_000, 1_000), { outage: { fromMs: 3_000, untilMs: 8_000 } }),
    load({ calls: 900 }),
  ),
  named('second-faults', provider(rpm(6_000, 1_000), { errors: 0.07 }), load({ calls: 900 })),
  named('minute-rpm', provider(rpm(600, 60_000), { view: PLAIN_VIEW }), load({ calls: 750 })),
  named('second-texts', provider(rpm(3_000, 1_000), TEXTS), load({ calls: 600 })),
  named('second-blind', provider(rpm(3_000, 1_000), BLIND), load({ calls: 600 })),
  named(
    'second-burst',
    provider(rpm(6_000, 1_000)),
    load({ calls: 230, atMs: (index) => (index < 30 ? index * 1_000 : 30_000) }),
    { measuredFromMs: 30_000 },
  ),
  named(
    'minute-burst',
    provider(rpm(6_000, 60_000), { view: PLAIN_VIEW }),
    load({ calls: 230, atMs: (index) => (index < 30 ? index * 1_000 : 30_000) }),
    { measuredFromMs: 30_000 },
  ),
  named(
    'random-429',
    provider(rpm(1_000_000, 60_000), { ...BLIND, throttles: 0.1 }),
    load({ calls: 300, latencyMs: 1_000 }),
  ),
  named(
    'random-429-hint',
    provider(rpm(1_000_000, 60_000), { headers: 'none', texts: 'mute', throttles: 0.1 }),
    load({ calls: 300, latencyMs: 1_000 }),
  ),
  named(
    'random-429-faults',
    provider(rpm(1_000_000, 60_000), { ...BLIND, throttles: 0.12, errors: 0.18 }),
    load({ calls: 300, latencyMs: 1_000 }),
  ),
];

const minute = (perMinute: number): ProviderSpec => provider(rpm(perMinute, 60_000), { view: PLAIN_VIEW });
const second = (perMinute: number): ProviderSpec => provider(rpm(perMinute, 1_000));
const anthropic = provider(
  [
    bucket('requestsPerMinute', 1_200, 60_000),
    bucket('inputTokensPerMinute', 2_000_000, 60_000),
    bucket('outputTokensPerMinute', 2_000_000, 60_000),
  ],
  { dialect: 'anthropic', view: PLAIN_VIEW },
);

/** Everything fits, so that a client without pacing is never refused: measures what we add to its time. */
export const HARM: readonly Case[] = [
  ...[50, 100, 200].flatMap((calls) => [
    named(`cold-500-${calls}`, minute(500), load({ calls, latencyMs: 250 })),
    named(`cold-10k-${calls}`, minute(10_000), load({ calls, latencyMs: 250 })),
  ]),
  ...[10, 50, 100].map((calls) => named(`cold-second-${calls}`, second(10_000), load({ calls, latencyMs: 250 }))),
  ...[50, 200].flatMap((calls) => [
    named(`cold-5s-${calls}`, minute(500), load({ calls, latencyMs: 5_000 })),
    named(`cold-60s-${calls}`, minute(500), load({ calls, latencyMs: 60_000 })),
  ]),
  named('cold-openai-100', minute(1_200), load({ calls: 100, latencyMs: 400 })),
  named('cold-anthropic-100', anthropic, load({ calls: 100, latencyMs: 400 })),
  ...[200, 5_000, 60_000].flatMap((latencyMs) => {
    const answer = `${latencyMs / 1_000}s`;
    const burstAtMs = 3 * latencyMs + 10_000;
    const after = (first: number, gapMs: number) => (index: number) => (index < first ? index * gapMs : burstAtMs);
    return [
      named(`warm-${answer}`, minute(2_000), load({ calls: 105, latencyMs, atMs: after(5, 0) }), {
        measuredFromMs: burstAtMs,
      }),
      named(`trickle-${answer}`, minute(2_000), load({ calls: 210, latencyMs, atMs: after(10, burstAtMs / 10) }), {
        measuredFromMs: burstAtMs,
      }),
      named(
        `trickle-second-${answer}`,
        second(6_000),
        load({ calls: 110, latencyMs, atMs: after(10, burstAtMs / 10) }),
        {
          measuredFromMs: burstAtMs,
        },
      ),
      named(
        `serverless-${answer}`,
        minute(2_000),
        load({ calls: 200, latencyMs, atMs: (index) => Math.floor(index / 20) * 1_000 }),
        { callsPerProcess: 20 },
      ),
      named(`serverless-at-once-${answer}`, minute(2_000), load({ calls: 200, latencyMs }), { callsPerProcess: 20 }),
    ];
  }),
];
