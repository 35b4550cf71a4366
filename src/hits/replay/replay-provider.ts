import type { Clock } from '../../core/clock.ts';
import { type Admitted, type Answer, Exchange } from '../../simulator/exchange.ts';
import type { SimulatorProvider } from '../../simulator/limits/limit-rules.ts';
import type { SimulatorLimits } from '../../simulator/limits/limits.ts';
import { resolveOptions } from '../../simulator/options.ts';
import { Simulation } from '../../simulator/simulation.ts';
import type { LimitShapes } from './limit-shapes.ts';
import type { Disclosure } from './disclosure.ts';

/** A call of a record. Times in milliseconds. */
export interface RecordedCall {
  /** Since the first call. */
  readonly atMs: number;
  readonly model: string;
  readonly stream: boolean;
  readonly priority: 'interactive' | 'normal' | 'batch';
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly maxOutputTokens: number | undefined;
  /** From sending to the end of the answer. */
  readonly serviceMs: number;
}

export interface ReplayReply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface ReplayReceiver {
  head(reply: ReplayReply): void;
  end(reply: ReplayReply): void;
}

/** Refusals take no time. */
const REFUSED_MS = 50;
/** The first event of a stream comes after this part of its duration, at most half a second. */
const FIRST_EVENT = 0.25;
const DRAIN_STEPS = 8;

/** The recorded provider in virtual time: it limits like the simulator and answers when the recorded one did. */
export class ReplayProvider {
  refused = 0;
  readonly #clock: Clock;
  readonly #exchange: Exchange;

  constructor(
    provider: SimulatorProvider,
    limits: SimulatorLimits,
    shapes: LimitShapes,
    { headers, ofBucket, hints, texts, fill }: Disclosure,
    clock: Clock,
  ) {
    this.#clock = clock;
    const { requestSeconds, tokenSeconds, fixedWindow } = shapes;
    const options = resolveOptions({
      provider,
      limits,
      limiter: fixedWindow ? 'fixed' : 'bucket',
      requestsHeader: 'minute',
      headerDialect: { remaining: ofBucket ? 'bucket' : 'window' },
      initialFill: fill,
      ...(!hints && { retryHeader: 'none' as const }),
      ...(!texts && { refusalTexts: 'mute' as const }),
      ...(!headers && { faults: { headers: 'missing' as const } }),
      clock,
    });
    // Learned values are not bound by an option's range.
    const bucketSeconds = { requests: requestSeconds, tokens: tokenSeconds };
    const simulation = new Simulation({ ...options, bucketSeconds });
    this.#exchange = new Exchange(simulation, { organization: 'org-1', requestId: 'req_1' });
  }

  send(call: RecordedCall, receiver: ReplayReceiver): void {
    const { model, inputTokens, cachedTokens, maxOutputTokens, stream } = call;
    const cost = { inputTokens, cachedTokens, maxOutputTokens };
    const decision = this.#exchange.decide({ model, cost, streamed: stream });
    if (decision.kind === 'admitted') {
      this.#generate(call, decision.admitted, receiver);
      return;
    }
    if (decision.kind !== 'refused') throw new Error(`Expected a refusal, got ${decision.kind}`);
    this.refused++;
    const reply = replyOf(decision.answer);
    this.#clock.after(REFUSED_MS, () => {
      receiver.head(reply);
      receiver.end(reply);
    });
  }

  #generate(call: RecordedCall, admitted: Admitted, receiver: ReplayReceiver): void {
    const { inputTokens, cachedTokens, outputTokens, serviceMs, stream } = call;
    const reply = replyOf({ status: 200, headers: admitted.headers, body: undefined });
    if (admitted.drainsOutput) {
      const drained = outputTokens / DRAIN_STEPS;
      for (let step = 1; step <= DRAIN_STEPS; step++) {
        this.#clock.after((serviceMs * step) / DRAIN_STEPS - 1, () => admitted.drain(drained));
      }
    }
    if (stream) this.#clock.after(Math.min(500, serviceMs * FIRST_EVENT), () => receiver.head(reply));
    this.#clock.after(serviceMs, () => {
      admitted.end(true, { inputTokens, cachedTokens, outputTokens });
      if (!stream) receiver.head(reply);
      receiver.end(reply);
    });
  }
}

function replyOf({ status, headers, body }: Answer): ReplayReply {
  return { status, headers: new Headers(headers), body };
}
