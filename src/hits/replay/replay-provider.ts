import type { Clock } from '../../core/clock.ts';
import type { ErrorContext } from '../../simulator/dialects/dialect.ts';
import { DIALECTS } from '../../simulator/dialects/dialects.ts';
import { LimitEngine } from '../../simulator/limits/limit-engine.ts';
import type { SimulatorProvider } from '../../simulator/limits/limit-rules.ts';
import type { SimulatorLimits } from '../../simulator/limits/limits.ts';
import type { LimitShapes } from './limit-shapes.ts';

/** A call of a record. Times in milliseconds. */
export interface RecordedCall {
  /** Since the first one. */
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

const ACCOUNT = 'account';
/** A refusal is answered at once. */
const REFUSED_MS = 50;
/** Part of the time of a stream after which its first event comes, at most half a second. */
const FIRST_EVENT = 0.25;
const DRAIN_STEPS = 8;

/** The recorded provider in virtual time: it limits as the simulator does, and answers when the recorded one did. */
export class ReplayProvider {
  refused = 0;
  readonly #clock: Clock;
  readonly #provider: SimulatorProvider;
  readonly #engine: LimitEngine;

  constructor(provider: SimulatorProvider, limits: SimulatorLimits, shapes: LimitShapes, clock: Clock) {
    this.#clock = clock;
    this.#provider = provider;
    const { requestSeconds, tokenSeconds, fixedWindow } = shapes;
    this.#engine = new LimitEngine({
      provider,
      limitsOf: () => limits,
      bucketSeconds: { requests: requestSeconds, tokens: tokenSeconds },
      limiter: fixedWindow ? 'fixed' : 'bucket',
      clockStart: -(clock.wall() % 60_000),
    });
  }

  send(call: RecordedCall, receiver: ReplayReceiver): void {
    const { model, inputTokens, cachedTokens, outputTokens, maxOutputTokens, serviceMs } = call;
    const request = {
      account: ACCOUNT,
      model,
      inputTokens,
      cachedTokens,
      ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    };
    const admitted = this.#engine.admit(request, this.#clock.now());
    if (!admitted.admitted) {
      this.refused++;
      const { status, body, headers: own, limitHeaders } = this.#dialect.refuse(admitted, this.#context(model));
      const headers = limitHeaders ? this.#headers(model) : new Headers();
      for (const [name, value] of Object.entries(own ?? {})) headers.set(name, value);
      this.#clock.after(REFUSED_MS, () => {
        receiver.head({ status, headers, body });
        receiver.end({ status, headers, body });
      });
      return;
    }
    const reply: ReplayReply = { status: 200, headers: this.#headers(model), body: undefined };
    if (this.#engine.drainsOutput) {
      for (let step = 1; step <= DRAIN_STEPS; step++) {
        const drained = outputTokens / DRAIN_STEPS;
        this.#clock.after((serviceMs * step) / DRAIN_STEPS - 1, () =>
          this.#engine.drain(admitted, drained, this.#clock.now()),
        );
      }
    }
    if (call.stream) this.#clock.after(Math.min(500, serviceMs * FIRST_EVENT), () => receiver.head(reply));
    this.#clock.after(serviceMs, () => {
      this.#engine.settle(admitted, { inputTokens, cachedTokens, outputTokens }, this.#clock.now());
      if (!call.stream) receiver.head(reply);
      receiver.end(reply);
    });
  }

  #headers(model: string): Headers {
    const levels = this.#engine.levels(ACCOUNT, model, this.#clock.now());
    const wallMs = this.#clock.wall();
    const options = { wallMs, requestsHeader: 'minute', epochResets: true, absoluteResets: false } as const;
    const headers = new Headers(this.#dialect.limitHeaders(levels, options));
    headers.set('date', new Date(wallMs).toUTCString());
    return headers;
  }

  get #dialect(): (typeof DIALECTS)[SimulatorProvider] {
    return DIALECTS[this.#provider];
  }

  #context(model: string): ErrorContext {
    return {
      model,
      organization: 'org-1',
      requestId: 'req_1',
      wallMs: this.#clock.wall(),
      apiVersion: '',
      retryHeader: this.#dialect.defaultRetryHeader,
      concurrencyThrottles: false,
      retryAfterSeconds: undefined,
    };
  }
}
