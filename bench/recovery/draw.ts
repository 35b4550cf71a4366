import type { SimulatorFaults } from '../../src/simulator/faults/faults.ts';
import type { FaultKind } from '../../src/simulator/faults/fault-kinds.ts';
import { faultKindsOf } from '../../src/simulator/faults/faults.ts';
import type { SimulatorLatency } from '../../src/simulator/latency.ts';
import type { SimulatorLimits } from '../../src/simulator/limits/limits.ts';
import type { SimulatorOptions } from '../../src/simulator/options.ts';
import { mulberry32 } from '../../src/simulator/random.ts';
import { Draw } from '../sim/random/dice.ts';

export type Provider = 'openai' | 'anthropic' | 'groq';

/** A temporary disturbance. */
export interface Phase {
  readonly what: string;
  readonly seconds: number;
  /** Traffic, as a multiple of the limit. */
  readonly load: number;
  readonly faults: SimulatorFaults;
  readonly latency?: SimulatorLatency;
  /** Multiplies the limits. */
  readonly factor?: number;
}

/** A disturbance and the time after it: traffic below the limit, from callers with limited patience. */
export interface Recovery {
  readonly seed: number;
  readonly provider: Provider;
  readonly simulator: SimulatorOptions;
  readonly limits: SimulatorLimits;
  readonly latency: Required<SimulatorLatency>;
  /** The limits, in calls. */
  readonly callsPerMinute: number;
  readonly bucketSeconds: number;
  readonly phases: readonly Phase[];
  /** Traffic as shares of the limit, before and after the disturbance. */
  readonly before: number;
  readonly share: number;
  readonly calmSeconds: number;
  readonly poisson: boolean;
  readonly stream: boolean;
  readonly patience: 'deadline' | 'signal';
  /** The shortest and the longest wait of callers. */
  readonly patienceMs: readonly [number, number];
  readonly maxConcurrent: number | undefined;
}

/** What a call takes of each limit. */
export const MAX_TOKENS = 100;
export const REPLY_TOKENS = 40;
const INPUT_TOKENS = 40;
/** Maximum calls of a phase, or of a recovery. */
const MAX_CALLS = 300;
const MAX_SECONDS = 60;

/** Faults that say that waiting is useless. */
export const CLOSING = [
  'retry_after_day',
  'insufficient_quota',
  'organization_spend_limit',
  'billing_hard_limit',
  'spend_limit',
  'credit_balance_too_low',
] as const satisfies readonly FaultKind[];

/** Temporary faults of the provider, some of which say so. */
const KINDS: readonly FaultKind[] = [
  'server_error',
  'bad_gateway',
  'gateway_timeout',
  'overloaded',
  'high_demand',
  'slow_down',
  'unknown_429',
  'request_timeout',
  'conflict',
  'bad_request',
  'concurrency_limit',
  'acceleration_limit',
  'connection_reset',
  'hang',
  'body_reset',
  'body_hang',
  'garbage',
  'stream_error_first',
  'stream_error_middle',
  'stream_rate_limit',
  'stream_end_early',
  ...CLOSING,
];

/** A recovery drawn at random: the same for the same seed. */
export function drawRecovery(seed: number): Recovery {
  const draw = new Draw(mulberry32(seed));
  const provider = draw.among<Provider>({ openai: 4, anthropic: 3, groq: 3 });
  const callsPerMinute = draw.round(draw.logarithmic(30, 3_000));
  const shortest = draw.logarithmic(500, 30_000);
  const patienceMs = [shortest, draw.chance(0.7) ? shortest : Math.min(30_000, shortest * draw.between(1, 6))] as const;
  const stream = draw.chance(0.3);
  // The longest answer takes less than half of the shortest patience.
  const answerMs = draw.between(0.05, 0.4) * patienceMs[0];
  const part = draw.between(0.1, 1);
  const latency = { baseMs: answerMs * part, perTokenMs: (answerMs * (1 - part)) / REPLY_TOKENS, jitter: 0.2 };
  const drawn = draw.among({ bucket: 8, fixed: 1, sliding: 1 });
  // A window of several calls, so that one more or less does not matter.
  const limiter = callsPerMinute < 600 ? 'bucket' : drawn;
  const bucketSeconds = limiter === 'bucket' ? drawBucket(draw) : draw.amongNumbers({ 1: 1, 2: 1, 5: 1 });
  const limits = drawLimits(draw, provider, callsPerMinute);
  const simulator: SimulatorOptions = {
    provider,
    limits,
    latency,
    limiter,
    bucketSeconds,
    seed: seed % 1_000_000,
    replyTokens: REPLY_TOKENS,
    requestsHeader: 'minute',
    promptCache: false,
    initialFill: draw.chance(0.5) ? 1 : draw.between(0, 1),
    retryHeader: draw.among({ seconds: 4, exact: 2, both: 1, none: 2 }),
    refusalTexts: draw.among({ full: 3, mute: 1 }),
    refusedCounting: draw.among({ none: 3, whole: 3 }),
    headerDialect: {
      remaining: draw.chance(0.25) ? 'bucket' : 'window',
      reset: draw.among({ full: 6, next: 2, absolute: 1 }),
      late: draw.chance(0.1),
    },
    faults: {},
  };
  const phases = Array.from({ length: draw.amongNumbers({ 1: 5, 2: 3, 3: 2 }) }, () =>
    drawPhase(draw, { provider, callsPerMinute, stream, patienceMs, answerMs }),
  );
  const calmSeconds = draw.chance(0.5) ? 0 : draw.between(1, 30);
  const share = draw.between(0.2, 0.7);
  return {
    seed,
    provider,
    simulator,
    limits,
    latency,
    callsPerMinute,
    bucketSeconds: limiter === 'bucket' ? bucketSeconds : 0,
    phases,
    before: share,
    share,
    calmSeconds,
    poisson: draw.chance(0.5),
    stream,
    patience: draw.among({ deadline: 3, signal: 1 }),
    patienceMs,
    maxConcurrent: draw.chance(0.15) ? Math.ceil(3 + (2 * callsPerMinute * answerMs) / 60_000) : undefined,
  };
}

function drawBucket(draw: Draw): number {
  return draw.chance(0.4) ? 60 : Number(draw.logarithmic(0.5, 60).toPrecision(2));
}

function drawLimits(draw: Draw, provider: Provider, callsPerMinute: number): SimulatorLimits {
  const room = draw.logarithmic(1.2, 20);
  const binds = draw.among({ requests: 3, tokens: 2 });
  const requests = Math.round(callsPerMinute * (binds === 'requests' ? 1 : room));
  const tokens = callsPerMinute * (binds === 'tokens' ? 1 : room);
  if (provider === 'anthropic') {
    const outputBinds = draw.chance(0.3);
    return {
      requestsPerMinute: requests,
      inputTokensPerMinute: Math.round(tokens * INPUT_TOKENS * (outputBinds ? room : 1)),
      outputTokensPerMinute: Math.round(tokens * REPLY_TOKENS * (outputBinds ? 1.2 : room)),
    };
  }
  const each = provider === 'openai' ? MAX_TOKENS : INPUT_TOKENS + MAX_TOKENS;
  return { requestsPerMinute: requests, tokensPerMinute: Math.round(tokens * each) };
}

interface Around {
  readonly provider: Provider;
  readonly callsPerMinute: number;
  readonly stream: boolean;
  readonly patienceMs: readonly [number, number];
  readonly answerMs: number;
}

function drawPhase(draw: Draw, around: Around): Phase {
  const { provider, callsPerMinute, stream, patienceMs, answerMs } = around;
  const what = draw.among({ overload: 5, outage: 6, mixed: 3, slow: 2, cut: 1, neighbour: 1, muted: 1 });
  const load = what === 'overload' || draw.chance(0.2) ? draw.logarithmic(1.2, 20) : draw.between(0.3, 1);
  const longest = Math.min(MAX_SECONDS, (MAX_CALLS * 60) / (callsPerMinute * load));
  const seconds = draw.between(Math.min(2, longest), longest);
  const base = { seconds, load };
  const known = faultKindsOf(provider).filter((kind) => KINDS.includes(kind) && (stream || !kind.startsWith('stream')));
  const kind = known[Math.floor(draw.random() * known.length)]!;
  const hint = draw.chance(0.3) ? { retryAfterSeconds: Math.round(draw.logarithmic(1, 30)) } : {};
  switch (what) {
    case 'overload':
      return { ...base, what: `overload x${load.toFixed(1)}`, faults: {} };
    case 'outage':
      return { ...base, what: `${kind}${hintOf(hint)}`, faults: { rates: { [kind]: 1 }, ...hint } };
    case 'mixed': {
      const rate = draw.between(0.1, 0.8);
      return {
        ...base,
        what: `${(100 * rate).toFixed(0)} % ${kind}${hintOf(hint)}`,
        faults: { rates: { [kind]: rate }, ...hint },
      };
    }
    case 'slow': {
      const baseMs = draw.between(0.5, 4) * patienceMs[1];
      return { ...base, what: `answers after ${baseMs.toFixed(0)} ms`, faults: {}, latency: { baseMs, jitter: 0.3 } };
    }
    case 'cut': {
      const factor = draw.between(0.1, 0.8);
      return { ...base, what: `limits x${factor.toFixed(2)}`, faults: {}, factor };
    }
    case 'neighbour': {
      const share = draw.between(0.3, 0.95);
      return { ...base, what: `neighbour takes ${(100 * share).toFixed(0)} %`, faults: { neighbour: { share } } };
    }
    case 'muted': {
      const headers = draw.among({ missing: 2, success_only: 1, failure_only: 1 });
      return { ...base, what: `headers ${headers}, ${answerMs.toFixed(0)} ms`, faults: { headers } };
    }
  }
}

function hintOf({ retryAfterSeconds }: SimulatorFaults): string {
  return retryAfterSeconds === undefined ? '' : ` with retry-after ${retryAfterSeconds}`;
}

/** A description, for investigating one that went wrong. */
export function describeRecovery(each: Recovery): string {
  const { provider, limits, bucketSeconds, simulator, share, patience, patienceMs, stream, maxConcurrent } = each;
  const [least, most] = patienceMs;
  return [
    provider,
    JSON.stringify(limits),
    `${simulator.limiter} ${bucketSeconds || (simulator.bucketSeconds as number)} s`,
    each.phases.map(({ what, seconds, load }) => `${what} (${seconds.toFixed(0)} s at x${load.toFixed(1)})`).join(', '),
    `then ${(100 * share).toFixed(0)} % ${each.poisson ? 'at random' : 'evenly'}`,
    `${patience} ${least.toFixed(0)}${most > least ? ` to ${most.toFixed(0)}` : ''} ms`,
    `answers ${(each.latency.baseMs + REPLY_TOKENS * each.latency.perTokenMs).toFixed(0)} ms${stream ? ', streamed' : ''}`,
    ...(maxConcurrent === undefined ? [] : [`${maxConcurrent} slots`]),
  ].join('; ');
}
