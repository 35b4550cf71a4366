import type { Attempt } from '../../core/attempt.ts';
import type { ErrorFactory } from '../../core/call-settings.ts';
import { AttemptFailed } from '../../core/lane.ts';
import type { ProviderName } from '../../core/provider.ts';
import { isTidegateError } from '../../errors.ts';
import { GuardCore } from '../../guard.ts';
import { adapterFor } from '../../providers/registry.ts';
import type { SimulatorProvider } from '../../simulator/limits/limit-rules.ts';
import type { SimulatorLimits } from '../../simulator/limits/limits.ts';
import { mulberry32 } from '../../simulator/random.ts';
import { withCall } from '../../with-call.ts';
import { enforced, type LimitShapes, WHOLE_MINUTES } from './limit-shapes.ts';
import { type RecordedCall, ReplayProvider } from './replay-provider.ts';
import { DISCLOSES_ALL, type Disclosure } from './disclosure.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Providers whose limits can be replayed. */
export const REPLAYED: Readonly<Partial<Record<ProviderName, SimulatorProvider>>> = {
  openai: 'openai',
  'azure.ai.openai': 'azure',
  anthropic: 'anthropic',
  groq: 'groq',
};

export interface ReplaySetup {
  readonly provider: ProviderName;
  readonly limits: SimulatorLimits;
  /** Default: buckets of a whole minute. */
  readonly shapes?: LimitShapes;
  /** Default: everything is disclosed, and the limits are full at the start. */
  readonly disclosure?: Disclosure;
  readonly calls: readonly RecordedCall[];
  /** Wall-clock time of the first call. */
  readonly wallStart: number;
}

/** Results of the calls. Times in milliseconds. */
export interface ReplayResult {
  readonly calls: number;
  readonly succeeded: number;
  /** Attempts that a limit refused. */
  readonly refusals: number;
  readonly meanWaitMs: number;
  readonly p95WaitMs: number;
  readonly longestWaitMs: number;
  /** From the first call to the end of the last answer. */
  readonly tookMs: number;
}

class ReplayError extends Error {}

const errors: ErrorFactory = {
  aborted: (signal) => signal.reason as unknown,
  own: (_code, message) => new ReplayError(message),
};

/** Replays share no lane: each has its own clock. */
let replays = 0;
/** For English text; the pacer corrects it as in production. */
const BYTES_A_TOKEN = 4;

/**
 * Replays calls at their recorded times, through a guard with default options, against a provider with these limits.
 */
export async function replay({
  provider,
  limits,
  shapes = WHOLE_MINUTES,
  disclosure = DISCLOSES_ALL,
  calls,
  wallStart,
}: ReplaySetup): Promise<ReplayResult> {
  const clock = new VirtualClock({ wall: wallStart });
  const simulated = new ReplayProvider(REPLAYED[provider]!, enforced(limits, shapes), shapes, disclosure, clock);
  const guard = new GuardCore({ telemetry: false }, { clock, random: mulberry32(1) });
  const adapter = adapterFor(provider);
  const account = { provider, baseURL: 'https://replay.invalid', credential: String(replays++) };
  const waits: number[] = [];
  let done = 0;
  let succeeded = 0;
  let endedAt = 0;
  let broken: unknown;

  const begin = (call: RecordedCall) =>
    guard.begin({
      account,
      adapter,
      request: {
        operation: 'chat',
        model: call.model,
        stream: call.stream,
        inputBytes: call.inputTokens * BYTES_A_TOKEN,
        attributes: {},
        ...(call.maxOutputTokens !== undefined && { maxOutputTokens: call.maxOutputTokens }),
        ...(call.cachedTokens > 0 && { cached: true as const }),
      },
      sent: {},
      retries: guard.maxAttempts - 1,
      header: () => undefined,
      errors,
      signal: undefined,
    });

  const send = (call: RecordedCall, attempt: Attempt): Promise<void> =>
    new Promise((resolve, reject) => {
      const handOver = (): void => {
        attempt.succeeded(call.stream);
        resolve();
      };
      simulated.send(call, {
        head: ({ status, headers }) => {
          attempt.head(status, headers);
          if (status === 200 && call.stream) handOver();
        },
        end: ({ status, headers, body }) => {
          if (status !== 200) {
            const failure = adapter.classify({ status, headers, body }, clock.wall());
            attempt.fail(failure, undefined);
            reject(new AttemptFailed(failure, new ReplayError(), attempt.isFurtherFault));
            return;
          }
          if (!call.stream) handOver();
          endedAt = clock.now();
          attempt.delivered({ outcome: 'completed', usage: usageOf(call) });
        },
      });
    });

  const run = async (call: RecordedCall): Promise<void> => {
    const begun = withCall({ priority: call.priority }, () => begin(call));
    let sentAt = call.atMs;
    try {
      await begun.run((attempt) => {
        sentAt = clock.now();
        return send(call, attempt);
      });
      succeeded++;
      waits.push(sentAt - call.atMs);
    } catch (error) {
      if (!(error instanceof ReplayError) && !isTidegateError(error)) broken ??= error;
    } finally {
      done++;
    }
  };
  for (const call of calls) clock.after(call.atMs, () => void run(call));
  await clock.run(() => broken !== undefined);
  await guard.close();
  if (broken !== undefined) throw broken as Error;
  if (done !== calls.length) throw new Error(`${calls.length - done} calls of the replay never ended.`);
  waits.sort((a, b) => a - b);
  return {
    calls: calls.length,
    succeeded,
    refusals: simulated.refused,
    meanWaitMs: waits.reduce((sum, each) => sum + each, 0) / Math.max(1, waits.length),
    p95WaitMs: waits[Math.ceil(waits.length * 0.95) - 1] ?? 0,
    longestWaitMs: waits.at(-1) ?? 0,
    tookMs: endedAt,
  };
}

function usageOf({ inputTokens, outputTokens, cachedTokens }: RecordedCall) {
  return {
    inputTokens,
    outputTokens,
    cacheReadTokens: cachedTokens,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
  };
}
