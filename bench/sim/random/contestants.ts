import { DefaultRateLimiter } from '@smithy/util-retry';
import { mulberry32 } from '../../../src/simulator/random.ts';
import type { VirtualClock } from '../../../src/hits/replay/virtual-clock.ts';
import { SimProcess } from '../sim-process.ts';
import type { CaseJob, ProviderSpec } from './case.ts';
import { type Attempted, createAsk } from './ask.ts';
import { chargeOf } from './charges.ts';
import { POLITE_MS } from './drawn-fault.ts';
import { Oracle } from './oracle.ts';
import type { Client, ClientSetup, Contestant } from './contestant.ts';

const RETRIES = 10;

const tidegate: Contestant = ({ clock, seed, provider, spec, options, tally }) => {
  const process = new SimProcess(clock, mulberry32(seed), provider, spec.dialect, options, tally);
  return {
    call: (job) => process.call(job),
    close: () => process.guard.close(),
    state: () => JSON.stringify(process.guard.snapshot()),
  };
};

/** As the official SDKs send by themselves: at once, with `maxRetries: 10`. */
const sdk: Contestant = (setup) => {
  const random = mulberry32(setup.seed);
  return retried(
    setup,
    () => Promise.resolve(),
    (attempt, { hintMs }) =>
      hintMs !== undefined && hintMs < 60_000 ? hintMs : Math.min(500 * 2 ** attempt, 8_000) * (1 - 0.25 * random()),
  );
};

interface VirtualTime {
  setTimeoutFn: (fn: () => void, ms: number) => unknown;
  readonly prototype: { getCurrentTimeInSeconds: () => number };
}

/** The limiter of the AWS SDK's adaptive mode with that SDK's backoff; its quota of retries is left out. */
const aws: Contestant = (setup) => {
  const { clock, seed } = setup;
  const random = mulberry32(seed);
  // One run at a time: the class reads the current clock.
  const virtual = DefaultRateLimiter as unknown as VirtualTime;
  virtual.setTimeoutFn = (fn, ms) => clock.after(ms, fn);
  virtual.prototype.getCurrentTimeInSeconds = () => clock.wall() / 1_000;
  const limiter = new DefaultRateLimiter();
  // Separate waiters would all wake each other: in turn, they get the same tokens at the same time.
  let last: Promise<void> = Promise.resolve();
  return retried(
    setup,
    () => (last = last.then(() => limiter.getSendToken())),
    (attempt, { throttled }) => random() * Math.min(20_000, (throttled ? 500 : 100) * 2 ** attempt),
    ({ ok, throttled }) =>
      limiter.updateClientSendingRate(ok ? {} : { errorType: throttled ? 'THROTTLING' : 'TRANSIENT' }),
  );
};

/** Told the limits and its share of them: a bucket with a second of each, and backoff. */
const told: Contestant = (setup) => {
  const { clock, seed, spec, processes } = setup;
  const random = mulberry32(seed);
  const buckets = spec.limits.map(({ name, perMinute }) => {
    const rate = perMinute / 60_000 / processes;
    return { name, rate, capacity: 1_000 * rate, level: 1_000 * rate, at: 0 };
  });
  const turns = new Turns(clock);
  const waitMs = (job: CaseJob): number => {
    const now = clock.now();
    let most = 0;
    for (const bucket of buckets) {
      bucket.level = Math.min(bucket.capacity, bucket.level + (now - bucket.at) * bucket.rate);
      bucket.at = now;
      const need = Math.min(bucket.capacity, expected(spec, bucket.name, job));
      most = Math.max(most, (need - bucket.level) / bucket.rate);
    }
    if (most > 1e-6) return most + 1e-3;
    for (const bucket of buckets) bucket.level -= expected(spec, bucket.name, job);
    return 0;
  };
  return retried(
    setup,
    (job) => turns.wait(() => waitMs(job)),
    (attempt, { hintMs }) => hintMs ?? random() * Math.min(20_000, 500 * 2 ** attempt),
  );
};

/** Knows everything that can be known of the provider: the best achievable time and waste of a draw. */
const oracle: Contestant = (setup) => {
  const { clock, seed, spec, jobs } = setup;
  const random = mulberry32(seed);
  const largest = spec.limits.map(({ name }) => Math.max(...jobs.map((job) => expected(spec, name, job))));
  const knows = new Oracle(spec, largest, setup);
  const turns = new Turns(clock);
  return retried(
    { ...setup, retries: Infinity },
    (job) => turns.wait(() => knows.waitMs(job, clock.now())),
    (_, { hintMs }) => hintMs ?? POLITE_MS * (1 - 0.5 * random()),
    (attempted, job) => {
      knows.ended(job, attempted, clock.now());
      turns.wake();
    },
  );
};

function expected(spec: ProviderSpec, name: ProviderSpec['limits'][number]['name'], job: CaseJob): number {
  const { arrival, final } = chargeOf(spec, name, job);
  return Math.max(arrival, final);
}

const FIRST_WINDOW = 10;

/** Raises the concurrency with answers, halves it after a refusal, and waits out hints. */
const aimd: Contestant = (setup) => {
  const { clock, seed } = setup;
  const random = mulberry32(seed);
  let window = FIRST_WINDOW;
  let inFlight = 0;
  let cutAt = -Infinity;
  const turns = new Turns(clock);
  return retried(
    setup,
    async () => {
      await turns.wait(() => (inFlight < Math.floor(window) ? 0 : Infinity));
      inFlight++;
    },
    (attempt, { hintMs }) => hintMs ?? random() * Math.min(20_000, 500 * 2 ** attempt),
    ({ ok, throttled, sentAt }) => {
      inFlight--;
      if (ok) window += 1 / window;
      else if (throttled && sentAt > cutAt) {
        window = Math.max(1, window / 2);
        cutAt = clock.now();
      }
      turns.wake();
    },
  );
};

export const CONTESTANTS = { tidegate, aws, told, aimd, sdk, oracle } satisfies Record<string, Contestant>;
export type ContestantName = keyof typeof CONTESTANTS;

function retried(
  setup: ClientSetup & { readonly retries?: number },
  turn: (job: CaseJob) => Promise<void>,
  backoffMs: (attempt: number, attempted: Attempted) => number,
  heard: (attempted: Attempted, job: CaseJob) => void = () => undefined,
): Client {
  const { clock, retries = RETRIES } = setup;
  const ask = createAsk(setup);
  return {
    async call(job) {
      for (let attempt = 0; ; attempt++) {
        await turn(job);
        const attempted = await ask(job);
        heard(attempted, job);
        if (attempted.ok) return true;
        if (attempt === retries) return false;
        const ms = backoffMs(attempt, attempted);
        await new Promise<void>((resolve) => void clock.after(ms, resolve));
      }
    },
  };
}

/** First come, first served: the first asks how long it has to wait, until it need not. */
class Turns {
  readonly #clock: VirtualClock;
  readonly #queue: { readonly waitMs: () => number; readonly go: () => void }[] = [];
  #next = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  wait(waitMs: () => number): Promise<void> {
    return new Promise((go) => {
      this.#queue.push({ waitMs, go });
      if (this.#queue.length - this.#next === 1) this.wake();
    });
  }

  wake(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (; this.#next < this.#queue.length; this.#next++) {
      const first = this.#queue[this.#next]!;
      const ms = first.waitMs();
      if (ms === Infinity) return;
      if (ms > 0) {
        this.#cancel = this.#clock.after(ms, () => this.wake());
        return;
      }
      first.go();
    }
  }
}
