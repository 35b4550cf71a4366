import { PLAIN_VIEW } from '../../../src/simulator/limits/limit-view.ts';
import type { Case, LimitSpec, ProviderSpec } from './case.ts';
import { BLIND, bucket, LEVEL, load, named, provider, TEXTS } from './cases.ts';
import { runCase } from './run-case.ts';

const ROWS = 200;
const MINUTE_MS = 60_000;
const WINDOWS_MS = [MINUTE_MS, 1_000] as const;
const REQUESTS_A_MINUTE = [50, 200, 1_200, 6_000] as const;
const ANSWERS_MS = [100, 1_000] as const;
const PLENTY = 200_000_000;

interface Teller {
  readonly name: string;
  /** Limits that do not bind, beside the one that does. */
  readonly others: readonly LimitSpec['name'][];
  readonly tells: (windowMs: number) => Partial<ProviderSpec>;
}

const headers = (windowMs: number): Partial<ProviderSpec> => ({ view: windowMs === MINUTE_MS ? PLAIN_VIEW : LEVEL });

const TELLERS: readonly Teller[] = [
  { name: 'openai', others: ['tokensPerMinute'], tells: (windowMs) => ({ ...headers(windowMs), countsRefused: true }) },
  {
    name: 'anthropic',
    others: ['inputTokensPerMinute', 'outputTokensPerMinute'],
    tells: (windowMs) => ({ ...headers(windowMs), dialect: 'anthropic' }),
  },
  { name: 'groq', others: ['tokensPerMinute'], tells: (windowMs) => ({ ...headers(windowMs), dialect: 'groq' }) },
  // A per-minute limit, of which a second's worth may go at once.
  { name: 'untold', others: ['tokensPerMinute'], tells: () => ({ view: PLAIN_VIEW }) },
  { name: 'texts', others: ['tokensPerMinute'], tells: () => TEXTS },
  { name: 'mute', others: ['tokensPerMinute'], tells: () => BLIND },
];

/** Rows of a batch, all present at the start, and none of them urgent. */
export const BATCHES: readonly Case[] = TELLERS.flatMap(({ name, others, tells }) =>
  WINDOWS_MS.flatMap((windowMs) =>
    REQUESTS_A_MINUTE.flatMap((rpm) =>
      ANSWERS_MS.map((latencyMs) => {
        const limits = [
          bucket('requestsPerMinute', rpm, windowMs),
          ...others.map((other) => bucket(other, PLENTY, windowMs)),
        ];
        return named(
          `batch-${name}-${rpm}-${windowMs / 1_000}s-${latencyMs}ms`,
          provider(limits, { oneWayMs: 30, ...tells(windowMs) }),
          load({ calls: ROWS, latencyMs, priority: 'batch' }),
        );
      }),
    ),
  ),
);

export function batchHead(): string {
  return `${'rows of a batch'.padEnd(34)}  bound s  tidegate s  refused of ${ROWS}`;
}

export async function batchLine(each: Case): Promise<string> {
  const { boundMs, wallMs, throttled, lost } = await runCase(each, 'tidegate');
  const refused = Math.round((ROWS * throttled) / (1 - throttled));
  return [
    each.name.padEnd(34),
    (boundMs / 1_000).toFixed(1).padStart(9),
    (wallMs / 1_000).toFixed(1).padStart(12),
    String(refused).padStart(16),
    lost > 0 ? `  LOST ${lost}` : '',
  ].join('');
}
