import { AdmissionRefused, type Admission, type Ticket } from '../../src/core/admission.ts';
import { sleep } from '../../src/core/abort.ts';
import { AttemptFailed, type CallRetry, CircuitOpen } from '../../src/core/lane.ts';
import { type Failure, isProviderFault } from '../../src/core/outcome.ts';
import type { ProviderAdapter } from '../../src/core/provider.ts';
import type { ResolvedOptions } from '../../src/options.ts';
import { createAdmission } from '../../src/pacing/lane.ts';
import { type Breaker, createBreaker } from '../../src/policies/breaker.ts';
import { createRetryBudget, type RetryBudget } from '../../src/policies/budget.ts';
import { createRetry } from '../../src/policies/retry.ts';
import type { Random } from '../../src/simulator/random.ts';
import type { SimClock } from './sim-clock.ts';
import type { Reply, SimProvider } from './sim-provider.ts';
import type { Job } from './workload.ts';

export interface Tally {
  attempts: number;
  throttled: number;
  failedAttempts: number;
  readonly waits: { readonly priority: Job['priority']; readonly ms: number }[];
  /** When calls were sent. */
  readonly sent: number[];
}

const BYTES_PER_TOKEN = 4.2;
const LOST: Failure = { outcome: 'connection', retryable: true, advice: 'Try again.' };

/** One process: a lane with the product's own admission, retry, budget and breaker, and calls through it. */
export class SimProcess {
  readonly admission: Admission;
  readonly #breaker: Breaker;
  readonly #budget: RetryBudget | undefined;
  readonly #retry: { forCall(): CallRetry };
  readonly #maxAttempts: number;
  readonly #clock: SimClock;
  readonly #provider: SimProvider;
  readonly #adapter: ProviderAdapter;
  readonly #tally: Tally;

  constructor(
    clock: SimClock,
    random: Random,
    provider: SimProvider,
    adapter: ProviderAdapter,
    options: ResolvedOptions,
    tally: Tally,
  ) {
    this.#clock = clock;
    this.#provider = provider;
    this.#adapter = adapter;
    this.#tally = tally;
    this.#breaker = createBreaker(options.breaker, {
      clock,
      countsAsFailure: (error) => error instanceof AttemptFailed && isProviderFault(error.failure.outcome),
      isNeutral: (error) => !(error instanceof AttemptFailed) || (error.retried && this.#breaker.state() === 'closed'),
      onState: () => undefined,
      onWake: () => this.admission.wake(),
    });
    this.admission = createAdmission({
      clock,
      random,
      pacing: options.pacing,
      maxConcurrent: options.bulkhead.maxConcurrent,
      maxQueued: options.bulkhead.maxQueued,
      gate: this.#breaker,
      charge: adapter.charge,
      listener: { onPause: () => undefined, onLimit: () => undefined },
    });
    this.#budget = options.retry.budget && createRetryBudget(options.retry.budget, clock);
    this.#maxAttempts = options.retry.maxAttempts;
    this.#retry = createRetry(options.retry, {
      random,
      budget: this.#budget,
      onBudgetSpent: () => this.#breaker.trip(),
    });
  }

  /** Makes one call; says whether it succeeded. */
  async call(job: Job): Promise<boolean> {
    const retry = this.#retry.forCall();
    let place: number | undefined;
    let waited = 0;
    let counted = 0;
    let probingSince: number | undefined;
    for (let attempts = 1; ; attempts++) {
      let ticket: Ticket;
      try {
        ticket = await this.#acquire(job, place);
      } catch (error) {
        if (error instanceof AdmissionRefused) return false;
        throw error;
      }
      if (place === undefined) this.#budget?.deposit();
      place = ticket.place;
      waited += ticket.waitedMs;
      probingSince = this.#breaker.state() === 'closed' ? undefined : (probingSince ?? this.#clock.now());
      const failure = await this.#attempt(job, ticket, attempts);
      if (failure === 'not sent') {
        attempts--;
        continue;
      }
      if (failure === undefined) {
        this.#tally.waits.push({ priority: job.priority, ms: waited });
        return true;
      }
      counted++;
      const decision = retry.decide(failure, {
        remaining: this.#maxAttempts - counted,
        barred: undefined,
        probe: probingSince !== undefined && this.#clock.now() - probingSince < this.#breaker.maxWaitMs,
        attempts,
        deadlineAt: Infinity,
        now: this.#clock.now(),
      });
      if (!decision.retry) return false;
      if (!decision.counted) counted--;
      if (decision.pausesLane) continue;
      await sleep(this.#clock, decision.delayMs);
      waited += decision.delayMs;
    }
  }

  #acquire(job: Job, place: number | undefined): Promise<Ticket> {
    return this.admission.acquire({
      place,
      info: {
        operation: 'chat',
        model: 'model',
        stream: job.stream,
        maxOutputTokens: job.maxOutputTokens,
        inputBytes: Math.round(job.inputTokens * BYTES_PER_TOKEN),
        attributes: {},
      },
      priority: job.priority,
      tenant: undefined,
      signal: undefined,
      deadlineAt: Infinity,
    });
  }

  async #attempt(job: Job, ticket: Ticket, attempt: number): Promise<Failure | 'not sent' | undefined> {
    try {
      await this.#breaker.execute(() => this.#exchange(job, ticket, attempt));
      return undefined;
    } catch (error) {
      ticket.release();
      if (error instanceof CircuitOpen) return 'not sent';
      if (error instanceof AttemptFailed) return error.failure;
      throw error;
    }
  }

  #exchange(job: Job, ticket: Ticket, attempt: number): Promise<void> {
    this.#tally.attempts++;
    this.#tally.sent.push(this.#clock.now());
    return new Promise((resolve, reject) => {
      this.#provider.send(job, {
        head: ({ headers, status }) => ticket.onHead(this.#adapter.readLimits(headers, this.#clock.wall()), status),
        end: (reply) => {
          const failure = this.#failureOf(reply);
          if (failure) {
            this.#tally.failedAttempts++;
            if (failure.outcome === 'throttled') this.#tally.throttled++;
            ticket.settle({ outcome: failure.outcome, failure });
            reject(new AttemptFailed(failure, failure, attempt));
            return;
          }
          const { inputTokens, outputTokens } = job;
          const usage = { inputTokens, outputTokens, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
          ticket.settle({ outcome: 'ok', usage });
          ticket.release();
          resolve();
        },
      });
    });
  }

  #failureOf(reply: Reply | undefined): Failure | undefined {
    if (!reply) return LOST;
    if (reply.status === 200) return undefined;
    return this.#adapter.classify(
      { status: reply.status, headers: reply.headers, body: reply.body },
      this.#clock.wall(),
    );
  }
}
