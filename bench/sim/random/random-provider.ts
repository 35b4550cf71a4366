import type { Clock } from '../../../src/core/clock.ts';
import { type ErrorAnswer, type ErrorContext, retryHeaders } from '../../../src/simulator/dialects/dialect.ts';
import { DIALECTS } from '../../../src/simulator/dialects/dialects.ts';
import { type LimitLevel, limitLevel } from '../../../src/simulator/limits/limit-view.ts';
import type { RejectedBy } from '../../../src/simulator/limits/limits.ts';
import { mulberry32, type Random } from '../../../src/simulator/random.ts';
import { complete, type Receiver, type Reply, type Transport } from '../transport.ts';
import type { CaseJob, ProviderSpec } from './case.ts';
import type { Charge } from './charges.ts';
import { EnforcedLimits } from './limits.ts';
import { FAULT_MS, faultOf } from './drawn-fault.ts';
import { phaseOf, refusalOf } from './wrong.ts';

/** A stream's head arrives after this share of the answer's time. */
const HEAD_SHARE = 0.3;
/** Groq states a daily request limit and none per minute: this one never binds. */
const GROQ_DAY: LimitLevel = {
  name: 'requestsPerDay',
  limit: 500_000,
  remaining: 499_000,
  fullInMs: 172_800,
  touched: true,
};

/** Admitted amounts, to observe how much of the limits is used. */
export interface Admitted {
  calls: number;
  inFlight: number;
  readonly units: number[];
}

interface Refused {
  readonly by: RejectedBy;
  readonly limit: number;
  readonly available: number;
  readonly requested: number;
  readonly waitMs?: number;
}

/** The provider of a case. */
export class RandomProvider implements Transport<CaseJob> {
  readonly limits: EnforcedLimits;
  readonly admitted: Admitted;
  readonly #spec: ProviderSpec;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #scope: EnforcedLimits | undefined;
  readonly #attempts = new Map<CaseJob, number>();
  /** Calls that received a false answer. */
  readonly wronged = new Set<CaseJob>();
  #arrived = 0;
  #previous: readonly LimitLevel[] | undefined;
  #stale: readonly LimitLevel[] | undefined;

  constructor(spec: ProviderSpec, clock: Clock, seed: number) {
    this.#spec = spec;
    this.#clock = clock;
    this.#random = mulberry32(seed + 1);
    this.limits = new EnforcedLimits(spec, 1, seed);
    const { scope } = spec;
    this.#scope = scope && new EnforcedLimits({ ...spec, neighbour: scope.othersShare }, scope.factor, seed + 2);
    this.admitted = { calls: 0, inFlight: 0, units: this.limits.all.map(() => 0) };
  }

  send(job: CaseJob, receiver: Receiver): void {
    this.#clock.after(this.#spec.oneWayMs, () => this.#arrive(job, receiver));
  }

  #arrive(job: CaseJob, receiver: Receiver): void {
    const now = this.#clock.now();
    const { outage, maxConcurrent = Infinity } = this.#spec;
    if (outage && now >= outage.fromMs && now < outage.untilMs) {
      const told = phaseOf(this.#spec.wrong);
      if (told) this.#answer(receiver, told, headersOf({}));
      else this.#fail(receiver);
      return;
    }
    const untrue = refusalOf(this.#spec.wrong, this.#arrived++);
    if (untrue) {
      this.wronged.add(job);
      this.#answer(receiver, untrue, headersOf({}));
      return;
    }
    const attempt = this.#attempts.get(job) ?? 0;
    this.#attempts.set(job, attempt + 1);
    const fault = faultOf(this.#spec, job, attempt);
    if (fault.kind === 'error') {
      this.#fail(receiver);
      return;
    }
    if (fault.kind === 'throttle') {
      this.#answer(receiver, this.#mute(fault.hintMs), headersOf({}));
      return;
    }
    const charges = this.limits.chargesOf(job);
    if (this.admitted.inFlight >= maxConcurrent) {
      this.#refuse(receiver, { by: 'maxConcurrent', limit: maxConcurrent, available: 0, requested: 1 }, now);
      return;
    }
    const refused = this.limits.refusal(charges, now);
    if (refused) {
      const { limit, need, waitMs } = refused;
      if (this.#spec.countsRefused) this.#countRefused(now);
      const { name, model } = limit;
      const available = model.available(now);
      this.#refuse(receiver, { by: name, limit: model.ratePerMs * 60_000, available, requested: need, waitMs }, now);
      return;
    }
    this.#admit(job, charges, receiver, now);
  }

  #admit(job: CaseJob, charges: readonly Charge[], receiver: Receiver, now: number): void {
    this.limits.admit(charges, now);
    this.#scope?.advance(now);
    this.#scope?.admit(charges, now);
    this.admitted.calls++;
    this.admitted.inFlight++;
    charges.forEach(({ arrival, final }, index) => (this.admitted.units[index]! += Math.max(arrival, final)));
    const { oneWayMs } = this.#spec;
    const reply: Reply = { status: 200, headers: this.#headers('success', now), body: undefined };
    if (job.stream) this.#clock.after(job.latencyMs * HEAD_SHARE + oneWayMs, () => receiver.head(reply));
    this.#clock.after(job.latencyMs, () => {
      this.admitted.inFlight--;
      this.limits.complete(charges, now, this.#clock.now());
      this.#scope?.complete(charges, now, this.#clock.now());
    });
    this.#clock.after(job.latencyMs + oneWayMs, () => {
      if (job.stream) receiver.end(reply);
      else complete(receiver, reply);
    });
  }

  #countRefused(now: number): void {
    for (const { name, model } of this.limits.all) {
      if (name === 'requestsPerMinute' && model.available(now) >= 1) model.spend(1, now);
    }
  }

  #refuse(receiver: Receiver, { by, limit, available, requested, waitMs }: Refused, now: number): void {
    const headers = this.#headers('failure', now);
    const told = waitMs === undefined ? undefined : this.#told(waitMs);
    if (this.#spec.texts === 'mute') {
      this.#answer(receiver, this.#mute(told), headers);
      return;
    }
    const used = Math.ceil(limit - available);
    const refusal = { admitted: false, by, limit: Math.round(limit), used, requested, tooLarge: false } as const;
    this.#answer(receiver, this.#dialect.refuse({ ...refusal, waitMs: told }, this.#context), headers);
  }

  /** The wait that a hint names. */
  #told(waitMs: number): number {
    return this.#spec.retryAfter === 'lying' ? waitMs * (0.5 + this.#random()) : waitMs;
  }

  #mute(waitMs: number | undefined): ErrorAnswer {
    const answer = this.#dialect.faults.unknown_429!(this.#context);
    return { ...answer, headers: { ...answer.headers, ...retryHeaders(waitMs, this.#context) } };
  }

  #fail(receiver: Receiver): void {
    const { oneWayMs } = this.#spec;
    const kind = FAULTS[Math.floor(this.#random() * FAULTS.length)]!;
    this.#clock.after(FAULT_MS + oneWayMs, () => {
      if (kind === 'reset') receiver.end(undefined);
      else this.#complete(receiver, this.#dialect.faults[kind]!(this.#context), headersOf({}));
    });
  }

  #answer(receiver: Receiver, answer: ErrorAnswer, headers: Headers): void {
    this.#clock.after(this.#spec.oneWayMs, () => this.#complete(receiver, answer, headers));
  }

  #complete(receiver: Receiver, answer: ErrorAnswer, headers: Headers): void {
    for (const [name, value] of Object.entries(answer.headers ?? {})) headers.set(name, value);
    complete(receiver, { status: answer.status, headers, body: answer.body });
  }

  #headers(kind: 'success' | 'failure', now: number): Headers {
    const { headers, late, view, dialect, absoluteReset } = this.#spec;
    const told = this.#scope ?? this.limits;
    const current = told.all.map(({ name, model }) => {
      const limit = Math.max(1, Math.round(model.ratePerMs * 60_000));
      return limitLevel({ name, limit, model, touched: model.available(now) < model.capacity }, view, now);
    });
    const levels = this.#shown(late ? (this.#previous ?? []) : current, now);
    this.#previous = current;
    if (headers === 'none' || (headers !== 'all' && headers !== kind)) return headersOf({});
    const wallMs = this.#clock.wall();
    const all = dialect === 'groq' ? [GROQ_DAY, ...levels] : levels;
    const options = {
      wallMs,
      requestsHeader: 'minute',
      epochResets: true,
      absoluteResets: absoluteReset === true,
    } as const;
    const found = headersOf(this.#dialect.limitHeaders(all, options));
    found.set('date', new Date(wallMs).toUTCString());
    return found;
  }

  /** The levels shown: changed from some time on, if that is the provider's fault. */
  #shown(levels: readonly LimitLevel[], now: number): readonly LimitLevel[] {
    const { wrong } = this.#spec;
    if (wrong?.kind !== 'headers' || now < wrong.fromMs) return levels;
    if (wrong.show === 'empty') return levels.map((level) => ({ ...level, remaining: 0, touched: true }));
    return (this.#stale ??= levels);
  }

  get #dialect(): (typeof DIALECTS)[ProviderSpec['dialect']] {
    return DIALECTS[this.#spec.dialect];
  }

  get #context(): ErrorContext {
    const { retryAfter } = this.#spec;
    return {
      model: 'model',
      organization: 'org-1',
      requestId: 'req_1',
      wallMs: this.#clock.wall(),
      apiVersion: '',
      retryHeader: retryAfter === 'absent' ? 'none' : retryAfter === 'seconds' ? 'seconds' : 'exact',
      concurrencyThrottles: true,
      retryAfterSeconds: undefined,
    };
  }
}

/** The part of `Headers` that clients use: real ones would take most of the time and memory. */
function headersOf(values: Readonly<Record<string, string>>): Headers {
  const all = new Map(Object.entries(values));
  const found = {
    get: (name: string) => all.get(name) ?? null,
    has: (name: string) => all.has(name),
    set: (name: string, value: string) => void all.set(name, value),
  };
  return found as Headers;
}

const FAULTS = ['server_error', 'bad_gateway', 'overloaded', 'reset'] as const;
