import type { Bucket, Neighbour } from './bucket.ts';
import {
  advance,
  createBucket,
  fits,
  fullInMs,
  ratePerMs,
  remainingUnits,
  resize,
  spend,
  usedUnits,
  waitForMs,
} from './bucket.ts';
import type { BucketSeconds, LimitEngineOptions, LimitLevel, Refusal, Reservation } from './limit-engine-types.ts';
import type { ActualUsage, Cost, LimitedRequest, LimitRules, RefusedCounting } from './limit-rules.ts';
import { limitRules } from './limit-rules.ts';
import type { LimitName, RejectedBy, SimulatorLimits } from './limits.ts';
import { LIMIT_KINDS } from './limits.ts';
import { poolOf } from './pool.ts';
import type { RampState, SimulatorRamp } from './ramp.ts';
import { advanceRamp, createRamp, nextRampLimit, rampPeriodMs } from './ramp.ts';

interface Account {
  readonly buckets: Map<LimitName, Bucket>;
  maxConcurrent: number;
  inFlight: number;
  ramp: RampState | undefined;
  readonly recentOutputs: number[];
}

interface Held extends Reservation {
  readonly account: Account;
  readonly charged: Map<LimitName, number>;
  open: boolean;
}

const RECENT_OUTPUTS = 20;

/**
 * The provider's side of rate limiting, without HTTP: who is admitted, who is refused and why.
 * Every method takes the time in milliseconds from any origin, never going back; nothing here reads a clock or waits,
 * so that a benchmark can drive days of it in virtual time.
 */
export class LimitEngine {
  readonly #rules: LimitRules;
  readonly #accounts = new Map<string, Account>();
  readonly #burst: BucketSeconds;
  readonly #fill: number;
  readonly #refusedCounting: RefusedCounting;
  #limitsOf: (pool: string) => SimulatorLimits;
  #neighbour: Neighbour | undefined;
  #ramp: SimulatorRamp | undefined;

  constructor(options: LimitEngineOptions) {
    this.#rules = limitRules(options.provider, options.outputCounting ?? 'realtime');
    this.#limitsOf = options.limitsOf;
    this.#burst = options.bucketSeconds ?? { requests: 60, tokens: 60 };
    this.#fill = options.initialFill ?? 1;
    this.#refusedCounting = options.refusedCounting ?? this.#rules.refusedCounting;
  }

  /** Whether output is to be reported with `drain` while it is generated. */
  get drainsOutput(): boolean {
    return this.#rules.drainsOutput;
  }

  /** Admits all of a request's costs at once, or none of them. */
  admit(request: LimitedRequest, now: number): Reservation | Refusal {
    const pool = poolOf(request.model);
    const account = this.#account(request.account, pool, now);
    const costs = this.#costs(account, request);
    const refusal = this.#refusal(account, request, costs, now);
    if (refusal) {
      this.#countRefused(account);
      return refusal;
    }
    const charged = new Map<LimitName, number>();
    for (const [name, cost] of costs) {
      spend(account.buckets.get(name)!, cost.charge);
      charged.set(name, cost.charge);
    }
    if (account.ramp) account.ramp.usedInPeriod += uncachedInput(request);
    account.inFlight += 1;
    const held: Held = { admitted: true, pool, account, charged, open: true };
    return held;
  }

  /** A request that failed before it was admitted; OpenAI and Azure still count it. */
  countFailed(accountName: string, model: string, now: number): void {
    this.#countRefused(this.#account(accountName, poolOf(model), now));
  }

  /** Takes output tokens as they are generated. Does nothing for providers that count otherwise. */
  drain(reservation: Reservation, outputTokens: number, now: number): void {
    const { account, charged } = reservation as Held;
    const bucket = account.buckets.get('outputTokensPerMinute');
    if (!this.#rules.drainsOutput || !bucket) return;
    advance(bucket, now, this.#neighbour);
    spend(bucket, outputTokens);
    charged.set('outputTokensPerMinute', (charged.get('outputTokensPerMinute') ?? 0) + outputTokens);
  }

  /** Whether the output limit has run out under a running answer. */
  outputExhausted(reservation: Reservation, now: number): boolean {
    const bucket = (reservation as Held).account.buckets.get('outputTokensPerMinute');
    if (!bucket) return false;
    advance(bucket, now, this.#neighbour);
    return bucket.level < 0;
  }

  /** Ends a reservation: corrects the charge where the provider does. Without `usage` the charge stands. */
  settle(reservation: Reservation, usage: ActualUsage | undefined, now: number): void {
    const held = reservation as Held;
    if (!held.open) return;
    held.open = false;
    const { account } = held;
    account.inFlight -= 1;
    if (!usage) return;
    account.recentOutputs.push(usage.outputTokens);
    if (account.recentOutputs.length > RECENT_OUTPUTS) account.recentOutputs.shift();
    for (const [name, charge] of held.charged) {
      const actual = this.#rules.actual(name, usage);
      const bucket = account.buckets.get(name);
      if (actual === undefined || !bucket) continue;
      advance(bucket, now, this.#neighbour);
      spend(bucket, actual - charge);
      held.charged.set(name, actual);
    }
  }

  /** The limits of one account and model, in the order in which they are checked. */
  levels(accountName: string, model: string, now: number): LimitLevel[] {
    const account = this.#account(accountName, poolOf(model), now);
    return [...account.buckets].map(([name, bucket]) => ({
      name,
      limit: bucket.limit,
      remaining: remainingUnits(bucket),
      fullInMs: fullInMs(bucket),
      touched: bucket.touched,
    }));
  }

  /** Other limits from now on; what is used stays used. */
  setLimits(limitsOf: (pool: string) => SimulatorLimits, now: number): void {
    this.#limitsOf = limitsOf;
    for (const [key, account] of this.#accounts) {
      this.#advance(account, now);
      this.#apply(account, limitsOf(key.slice(key.indexOf('\n') + 1)), now, 1);
    }
  }

  setNeighbour(neighbour: Neighbour | undefined, now: number): void {
    for (const account of this.#accounts.values()) this.#advance(account, now);
    this.#neighbour = neighbour;
  }

  setRamp(ramp: SimulatorRamp | undefined, now: number): void {
    this.#ramp = ramp;
    for (const account of this.#accounts.values()) account.ramp = ramp && createRamp(ramp, now);
  }

  #account(name: string, pool: string, now: number): Account {
    const key = `${name}\n${pool}`;
    let account = this.#accounts.get(key);
    if (!account) {
      account = {
        buckets: new Map(),
        maxConcurrent: Infinity,
        inFlight: 0,
        ramp: this.#ramp && createRamp(this.#ramp, now),
        recentOutputs: [],
      };
      this.#apply(account, this.#limitsOf(pool), now, this.#fill);
      this.#accounts.set(key, account);
    }
    this.#advance(account, now);
    return account;
  }

  #apply(account: Account, limits: SimulatorLimits, now: number, fill: number): void {
    account.maxConcurrent = limits.maxConcurrent ?? Infinity;
    const before = new Map(account.buckets);
    account.buckets.clear();
    for (const kind of LIMIT_KINDS) {
      const limit = limits[kind.name];
      if (limit === undefined || limit === Infinity) continue;
      const seconds = kind.unit === 'requests' ? this.#burst.requests : this.#burst.tokens;
      const burstMs = kind.windowMs === 60_000 ? seconds * 1_000 : kind.windowMs;
      const bucket = before.get(kind.name);
      if (bucket) resize(bucket, limit, burstMs);
      account.buckets.set(kind.name, bucket ?? createBucket(limit, kind.windowMs, burstMs, fill, now));
    }
  }

  #advance(account: Account, now: number): void {
    for (const bucket of account.buckets.values()) advance(bucket, now, this.#neighbour);
    if (this.#ramp && account.ramp) advanceRamp(this.#ramp, account.ramp, now);
  }

  #costs(account: Account, request: LimitedRequest): Map<LimitName, Cost> {
    const largest = Math.max(0, ...account.recentOutputs);
    const costs = new Map<LimitName, Cost>();
    for (const name of account.buckets.keys()) {
      const cost = this.#rules.cost(name, request, largest);
      if (cost) costs.set(name, cost);
    }
    return costs;
  }

  #refusal(
    account: Account,
    request: LimitedRequest,
    costs: ReadonlyMap<LimitName, Cost>,
    now: number,
  ): Refusal | undefined {
    for (const [name, cost] of costs) {
      const bucket = account.buckets.get(name)!;
      if (this.#rules.tellsTooLarge && cost.need > bucket.limit) {
        return refusal(name, bucket.limit, usedUnits(bucket), cost.need, true, undefined);
      }
    }
    if (account.inFlight >= account.maxConcurrent) {
      return refusal('maxConcurrent', account.maxConcurrent, account.inFlight, 1, false, undefined);
    }
    for (const [name, cost] of costs) {
      const bucket = account.buckets.get(name)!;
      // A provider that does not say "too large" hints at a time that never suffices.
      const never = cost.need > bucket.limit;
      if (!never && fits(bucket, cost.need)) continue;
      const waitMs = never
        ? (cost.need - bucket.level) / ratePerMs(bucket)
        : waitForMs(bucket, cost.need, this.#rules.wholeUsed);
      return refusal(name, bucket.limit, usedUnits(bucket), cost.need, false, waitMs);
    }
    return this.#rampRefusal(account, request, now);
  }

  #rampRefusal(account: Account, request: LimitedRequest, now: number): Refusal | undefined {
    if (!this.#ramp || !account.ramp) return undefined;
    const { limit, usedInPeriod, periodStart } = account.ramp;
    const period = rampPeriodMs(this.#ramp);
    const requested = uncachedInput(request);
    // The limit is per minute; a period of another length holds its minutes' worth.
    if (usedInPeriod + requested <= (limit * period) / 60_000) return undefined;
    return {
      ...refusal('acceleration', limit, usedInPeriod, requested, false, periodStart + period - now),
      nextLimit: nextRampLimit(this.#ramp, account.ramp),
    };
  }

  #countRefused(account: Account): void {
    const bucket = account.buckets.get('requestsPerMinute');
    if (!bucket || this.#refusedCounting === 'none') return;
    // "Used" above the limit was never seen for OpenAI: what is refused takes at most what is there.
    if (fits(bucket, 1)) spend(bucket, 1);
    else if (this.#refusedCounting === 'all') spend(bucket, Math.max(0, bucket.level));
  }
}

function refusal(
  by: RejectedBy,
  limit: number,
  used: number,
  requested: number,
  tooLarge: boolean,
  waitMs: number | undefined,
): Refusal {
  return { admitted: false, by, limit, used, requested, tooLarge, waitMs };
}

function uncachedInput(request: LimitedRequest): number {
  return request.inputTokens - (request.cachedTokens ?? 0);
}
