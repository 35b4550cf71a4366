import type { FaultKind } from './faults/fault-kinds.ts';
import type { ActualUsage } from './limits/limit-rules.ts';
import type { RejectedBy } from './limits/limits.ts';

/** Counts of one model. */
export interface ModelStats {
  readonly requests: number;
  readonly admitted: number;
  readonly rejected: number;
}

/** Statistics since the simulator started; plain data without any content of requests. */
export interface SimulatorStats {
  /** All requests received. */
  readonly requests: number;
  /** Requests that the limits let through. */
  readonly admitted: number;
  /** Admitted requests whose answer was sent completely. */
  readonly completed: number;
  /** Admitted requests whose client disconnected before the end. */
  readonly aborted: number;
  /** Requests that a limit refused. */
  readonly rejected: number;
  readonly rejectedBy: Partial<Readonly<Record<RejectedBy, number>>>;
  /** Part of `rejected` that exceeds a whole limit. */
  readonly tooLarge: number;
  /** Injected faults by kind. */
  readonly faults: Partial<Readonly<Record<FaultKind, number>>>;
  /** Answers by HTTP status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Usage of completed requests, and of the generated part of aborted ones. */
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly inFlight: number;
  readonly peakInFlight: number;
  /** Most requests within any second. */
  readonly peakRequestsPerSecond: number;
  /** Highest `X-Stainless-Retry-Count`: above 0 when an SDK retried on its own. */
  readonly maxRetryCount: number;
  /** Milliseconds since the start. */
  readonly elapsedMs: number;
  readonly models: Readonly<Record<string, ModelStats>>;
}

type Counts<K extends string | number> = Partial<Record<K, number>>;

export class Statistics {
  readonly #startedAt: number;
  readonly #arrivals: number[] = [];
  readonly #rejectedBy: Counts<RejectedBy> = {};
  readonly #faults: Counts<FaultKind> = {};
  readonly #statuses: Record<number, number> = {};
  readonly #models = new Map<string, { requests: number; admitted: number; rejected: number }>();
  #requests = 0;
  #admitted = 0;
  #completed = 0;
  #aborted = 0;
  #rejected = 0;
  #tooLarge = 0;
  #inputTokens = 0;
  #cachedTokens = 0;
  #outputTokens = 0;
  #inFlight = 0;
  #peakInFlight = 0;
  #peakRate = 0;
  #maxRetryCount = 0;

  constructor(now: number) {
    this.#startedAt = now;
  }

  arrived(now: number, retryCount: number): void {
    this.#requests += 1;
    this.#inFlight += 1;
    this.#peakInFlight = Math.max(this.#peakInFlight, this.#inFlight);
    this.#maxRetryCount = Math.max(this.#maxRetryCount, retryCount);
    this.#arrivals.push(now);
    // At most one second of times is kept.
    while (this.#arrivals[0]! <= now - 1_000) this.#arrivals.shift();
    this.#peakRate = Math.max(this.#peakRate, this.#arrivals.length);
  }

  left(): void {
    this.#inFlight -= 1;
  }

  asked(model: string): void {
    this.#model(model).requests += 1;
  }

  answered(status: number): void {
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
  }

  admitted(model: string): void {
    this.#admitted += 1;
    this.#model(model).admitted += 1;
  }

  rejected(model: string, by: RejectedBy, tooLarge: boolean): void {
    this.#rejected += 1;
    if (tooLarge) this.#tooLarge += 1;
    this.#rejectedBy[by] = (this.#rejectedBy[by] ?? 0) + 1;
    this.#model(model).rejected += 1;
  }

  fault(kind: FaultKind): void {
    this.#faults[kind] = (this.#faults[kind] ?? 0) + 1;
  }

  ended(completed: boolean, usage: ActualUsage): void {
    if (completed) this.#completed += 1;
    else this.#aborted += 1;
    this.#inputTokens += usage.inputTokens;
    this.#cachedTokens += usage.cachedTokens;
    this.#outputTokens += usage.outputTokens;
  }

  snapshot(now: number): SimulatorStats {
    return {
      requests: this.#requests,
      admitted: this.#admitted,
      completed: this.#completed,
      aborted: this.#aborted,
      rejected: this.#rejected,
      rejectedBy: { ...this.#rejectedBy },
      tooLarge: this.#tooLarge,
      faults: { ...this.#faults },
      statuses: { ...this.#statuses },
      inputTokens: this.#inputTokens,
      cachedTokens: this.#cachedTokens,
      outputTokens: this.#outputTokens,
      inFlight: this.#inFlight,
      peakInFlight: this.#peakInFlight,
      peakRequestsPerSecond: this.#peakRate,
      maxRetryCount: this.#maxRetryCount,
      elapsedMs: now - this.#startedAt,
      models: Object.fromEntries([...this.#models].map(([model, counts]) => [model, { ...counts }])),
    };
  }

  #model(name: string): { requests: number; admitted: number; rejected: number } {
    let counts = this.#models.get(name);
    if (!counts) this.#models.set(name, (counts = { requests: 0, admitted: 0, rejected: 0 }));
    return counts;
  }
}
