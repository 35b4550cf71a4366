import type { Attempt } from '../../src/core/attempt.ts';
import type { Call } from '../../src/core/call.ts';
import type { ErrorFactory } from '../../src/core/call-settings.ts';
import { AttemptFailed } from '../../src/core/lane.ts';
import type { Failure, Usage } from '../../src/core/outcome.ts';
import type { ProviderAdapter } from '../../src/core/provider.ts';
import { type ErrorDetails, isTidegateError } from '../../src/errors.ts';
import type { Fleet } from '../../src/fleet/fleet.ts';
import { GuardCore } from '../../src/guard.ts';
import type { GuardOptions } from '../../src/options.ts';
import { adapterFor } from '../../src/providers/registry.ts';
import type { Account } from '../../src/providers/seam/call-host.ts';
import type { SimulatorProvider } from '../../src/simulator/limits/limit-rules.ts';
import type { Random } from '../../src/simulator/random.ts';
import { withCall } from '../../src/with-call.ts';
import type { VirtualClock } from '../../src/hits/replay/virtual-clock.ts';
import type { Reply, Transport } from './transport.ts';
import type { Job } from './workload.ts';

export interface Tally {
  attempts: number;
  throttled: number;
  failedAttempts: number;
  readonly waits: { readonly priority: Job['priority']; readonly ms: number }[];
  /** When calls were sent. */
  readonly sent: number[];
}

const LOST: Failure = { outcome: 'connection', retryable: true, advice: 'Try again.' };

/** Errors as plain objects: their stacks are not used, and creating them would take most of the time. */
class SimError {
  readonly tidegate: ErrorDetails | undefined;

  constructor(details?: ErrorDetails) {
    this.tidegate = details;
  }
}

const errors: ErrorFactory = {
  aborted: (signal) => signal.reason as unknown,
  own: (_code, _message, details) => new SimError(details),
};

let processes = 0;

/** One process: a real guard on the virtual clock, and calls through it to the provider. */
export class SimProcess<J extends Job = Job> {
  readonly guard: GuardCore;
  readonly #clock: VirtualClock;
  readonly #provider: Transport<J>;
  readonly #adapter: ProviderAdapter;
  readonly #account: Account;
  readonly #tally: Tally;

  constructor(
    clock: VirtualClock,
    random: Random,
    provider: Transport<J>,
    speaks: SimulatorProvider,
    options: GuardOptions,
    tally: Tally,
    fleet?: Fleet,
  ) {
    const name = speaks === 'azure' ? 'azure.ai.openai' : speaks;
    this.guard = new GuardCore({ ...options, telemetry: false }, { clock, random, ...(fleet && { fleet }) });
    this.#clock = clock;
    this.#provider = provider;
    this.#adapter = adapterFor(name);
    // Processes share the provider's limits, but no lane.
    this.#account = { provider: name, baseURL: 'https://simulated', credential: String(processes++) };
    this.#tally = tally;
  }

  /** Makes one call; returns whether it succeeded. */
  async call(job: J): Promise<boolean> {
    const { priority, tenant } = job;
    const call = withCall({ priority, ...(tenant !== undefined && { tenant }) }, () => this.#begin(job));
    const startedAt = this.#clock.now();
    let sentAt = startedAt;
    try {
      await call.run((attempt) => {
        sentAt = this.#clock.now();
        return this.#send(job, attempt);
      });
    } catch (error) {
      if (error instanceof SimError || isTidegateError(error)) return false;
      throw error;
    }
    this.#tally.waits.push({ priority, ms: sentAt - startedAt });
    return true;
  }

  #begin(job: J): Call {
    const { inputBytes, maxOutputTokens, stream } = job;
    return this.guard.begin({
      account: this.#account,
      adapter: this.#adapter,
      request: {
        operation: 'chat',
        model: 'model',
        stream,
        maxOutputTokens,
        inputBytes,
        attributes: { max_tokens: maxOutputTokens },
      },
      sent: {},
      retries: this.guard.maxAttempts - 1,
      header: () => undefined,
      errors,
      signal: undefined,
    });
  }

  #send(job: J, attempt: Attempt): Promise<void> {
    this.#tally.attempts++;
    this.#tally.sent.push(this.#clock.now());
    return new Promise((resolve, reject) => {
      const handOver = (): void => {
        attempt.succeeded(job.stream);
        resolve();
      };
      this.#provider.send(job, {
        head: ({ status, headers }) => {
          attempt.head(status, headers);
          if (status === 200 && job.stream) handOver();
        },
        end: (reply) => {
          const failure = this.#failureOf(reply);
          if (failure) {
            this.#tally.failedAttempts++;
            if (failure.outcome === 'throttled') this.#tally.throttled++;
            attempt.fail(failure, undefined);
            reject(new AttemptFailed(failure, new SimError(), attempt.isFurtherFault));
            return;
          }
          if (!job.stream) handOver();
          attempt.delivered({ outcome: 'completed', usage: usageOf(job) });
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

function usageOf({ inputTokens, outputTokens }: Job): Usage {
  return { inputTokens, outputTokens, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
}
