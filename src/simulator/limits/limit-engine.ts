import { CountedLimit } from './counted-limit.ts';
import type { LimitEngineOptions, Neighbour, Refusal, Reservation } from './limit-engine-types.ts';
import type { ActualUsage, Cost, LimitedRequest, LimitRules, RefusedCounting } from './limit-rules.ts';
import { limitRules } from './limit-rules.ts';
import { type LimitLevel, PLAIN_VIEW } from './limit-view.ts';
import type { LimitName, SimulatorLimits } from './limits.ts';
import { LIMIT_KINDS } from './limits.ts';
import { poolOf } from './pool.ts';
import type { RampState, SimulatorRamp } from './ramp.ts';
import { advanceRamp, createRamp } from './ramp.ts';
import { rampRefusal, refusal } from './refusal.ts';

interface Account {
  readonly limits: Map<LimitName, CountedLimit>;
  maxConcurrent: number;
  inFlight: number;
  ramp: RampState | undefined;
  readonly recentOutputs: number[];
}

interface Held extends Reservation {
  readonly account: Account;
  readonly admittedAt: number;
  /** Charges that are counted at the end, if counting happens then. */
  readonly due: ReadonlyMap<LimitName, number>;
  readonly charged: Map<LimitName, number>;
  open: boolean;
}

const RECENT_OUTPUTS = 20;
const WHOLE = { requests: 60, tokens: 60 } as const;

/**
 * The provider's side of rate limiting, without HTTP: who is admitted, who is refused and why.
 * Every method takes the time in milliseconds from any origin, never going back; nothing here reads a clock or waits,
 * so that a benchmark can drive days of it in virtual time.
 */
export class LimitEngine {
  readonly #rules: LimitRules;
  readonly #accounts = new Map<string, Account>();
  readonly #options: LimitEngineOptions;
  readonly #refusedCounting: RefusedCounting;
  #limitsOf: (pool: string) => SimulatorLimits;
  #neighbour: Neighbour | undefined;
  #ramp: SimulatorRamp | undefined;

  constructor(options: LimitEngineOptions) {
    this.#rules = limitRules(options.provider, options.outputCounting ?? 'realtime');
    this.#limitsOf = options.limitsOf;
    this.#options = options;
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
    const due = new Map<LimitName, number>();
    for (const [name, { charge }] of costs) {
      const now = this.#options.countsAtEnd ? 0 : charge;
      account.limits.get(name)!.spend(now);
      charged.set(name, now);
      due.set(name, charge);
    }
    if (account.ramp) account.ramp.usedInPeriod += uncachedInput(request);
    account.inFlight += 1;
    const held: Held = { admitted: true, pool, account, charged, due, admittedAt: now, open: true };
    return held;
  }

  /** A request that failed before it was admitted; OpenAI and Azure still count it. */
  countFailed(accountName: string, model: string, now: number): void {
    this.#countRefused(this.#account(accountName, poolOf(model), now));
  }

  /** Takes output tokens as they are generated. Does nothing for providers that count otherwise. */
  drain(reservation: Reservation, outputTokens: number, now: number): void {
    const { account, charged } = reservation as Held;
    const limit = account.limits.get('outputTokensPerMinute');
    if (!this.#rules.drainsOutput || !limit) return;
    limit.advance(now, this.#neighbour);
    limit.spend(outputTokens);
    charged.set('outputTokensPerMinute', (charged.get('outputTokensPerMinute') ?? 0) + outputTokens);
  }

  /** Whether the output limit has run out under a running answer. */
  outputExhausted(reservation: Reservation, now: number): boolean {
    const limit = (reservation as Held).account.limits.get('outputTokensPerMinute');
    if (!limit) return false;
    limit.advance(now, this.#neighbour);
    return limit.level < 0;
  }

  /** Ends a reservation: corrects the charge where the provider does. Without `usage` the charge stands. */
  settle(reservation: Reservation, usage: ActualUsage | undefined, now: number): void {
    const held = reservation as Held;
    if (!held.open) return;
    held.open = false;
    const { account } = held;
    account.inFlight -= 1;
    if (usage) {
      account.recentOutputs.push(usage.outputTokens);
      if (account.recentOutputs.length > RECENT_OUTPUTS) account.recentOutputs.shift();
    }
    for (const [name, charge] of held.charged) {
      const final = (usage && this.#rules.actual(name, usage)) ?? Math.max(charge, held.due.get(name)!);
      const limit = account.limits.get(name);
      if (final === charge || !limit) continue;
      limit.advance(now, this.#neighbour);
      limit.spend(final - charge, held.admittedAt);
      held.charged.set(name, final);
    }
  }

  /** The limits of one account and model, in the order in which they are checked. */
  levels(accountName: string, model: string, now: number): LimitLevel[] {
    const account = this.#account(accountName, poolOf(model), now);
    const { view = PLAIN_VIEW } = this.#options;
    return [...account.limits.values()].map((limit) => limit.statedLevel(view));
  }

  /** Changes the limits; usage stays. */
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
        limits: new Map(),
        maxConcurrent: Infinity,
        inFlight: 0,
        ramp: this.#ramp && createRamp(this.#ramp, now),
        recentOutputs: [],
      };
      this.#apply(account, this.#limitsOf(pool), now, this.#options.initialFill ?? 1);
      this.#accounts.set(key, account);
    }
    this.#advance(account, now);
    return account;
  }

  #apply(account: Account, limits: SimulatorLimits, now: number, fill: number): void {
    account.maxConcurrent = limits.maxConcurrent ?? Infinity;
    const { bucketSeconds = WHOLE, limiter = 'bucket', clockStart = 0, scope } = this.#options;
    const before = new Map(account.limits);
    account.limits.clear();
    for (const { name, unit, windowMs } of LIMIT_KINDS) {
      const limit = limits[name];
      if (limit === undefined || limit === Infinity) continue;
      const perMinute = windowMs === 60_000;
      const burstMs = perMinute
        ? 1_000 * (unit === 'requests' ? bucketSeconds.requests : bucketSeconds.tokens)
        : windowMs;
      const known = before.get(name);
      known?.resize(limit, burstMs);
      const kind = perMinute ? limiter : 'bucket';
      const setup = { kind, limit, windowMs, burstMs, fill, now, clockStart };
      account.limits.set(name, known ?? new CountedLimit(name, setup, scope));
    }
  }

  #advance(account: Account, now: number): void {
    for (const limit of account.limits.values()) limit.advance(now, this.#neighbour);
    if (this.#ramp && account.ramp) advanceRamp(this.#ramp, account.ramp, now);
  }

  #costs(account: Account, request: LimitedRequest): Map<LimitName, Cost> {
    const largest = Math.max(0, ...account.recentOutputs);
    const costs = new Map<LimitName, Cost>();
    for (const name of account.limits.keys()) {
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
      const { limit, used } = account.limits.get(name)!;
      if (this.#rules.tellsTooLarge && cost.need > limit) return refusal(name, limit, used, cost.need, true, undefined);
    }
    if (account.inFlight >= account.maxConcurrent) {
      return refusal('maxConcurrent', account.maxConcurrent, account.inFlight, 1, false, undefined);
    }
    for (const [name, cost] of costs) {
      const counted = account.limits.get(name)!;
      // A charge that is counted at the end needs only a level above 0.
      const need = this.#options.countsAtEnd ? Math.min(1, cost.need) : cost.need;
      if (need <= counted.limit && counted.fits(need)) continue;
      const waitMs = counted.waitMs(need, this.#rules.wholeUsed);
      return refusal(name, counted.limit, counted.used, cost.need, false, waitMs);
    }
    return this.#ramp && account.ramp && rampRefusal(this.#ramp, account.ramp, uncachedInput(request), now);
  }

  #countRefused(account: Account): void {
    const limit = account.limits.get('requestsPerMinute');
    if (!limit || this.#refusedCounting === 'none') return;
    // "Used" above the limit was never seen for OpenAI: a refused request takes at most the rest.
    if (limit.fits(1)) limit.spend(1);
    else if (this.#refusedCounting === 'all') limit.spend(Math.max(0, limit.level));
  }
}

function uncachedInput(request: LimitedRequest): number {
  return request.inputTokens - (request.cachedTokens ?? 0);
}
