import {
  type Admission,
  AdmissionRefused,
  type AdmissionRequest,
  type ChargeRule,
  type CircuitGate,
  type LaneListener,
  type Ticket,
  type WhoWaits,
} from '../../core/admission.ts';
import type { Clock } from '../../core/clock.ts';
import type { KeptLane } from '../../core/kept-lane.ts';
import type { WaitCause } from '../../core/event-values.ts';
import type { DimensionSnapshot, Waiting } from '../../core/snapshot.ts';
import { type Failure, isProviderFault, type LimitReading } from '../../core/outcome.ts';
import type { ResolvedPacing } from '../../options/pacing-options.ts';
import { PAUSES_OF_A_CALL } from '../../core/lane.ts';
import { LaneTimer } from './lane-timer.ts';
import { AnswerTime } from './answer-time.ts';
import { CircuitWait } from './circuit-wait.ts';
import { SilentLaneTrials } from './silent-lane-trials.ts';
import { UnsentRefusalTrials } from './unsent-refusal-trials.ts';
import { type Closed, ExhaustedLane } from './exhausted-lane.ts';
import { isPatient } from './fair-queue.ts';
import { EarlyRefusal } from './early-refusal.ts';
import { NewestFirst } from './newest-first.ts';
import { LaneTicket, type Settlement, type TicketHost } from './ticket.ts';
import { isContent } from '../../core/content-kinds.ts';
import { isBucket, LIMIT_KINDS } from '../../core/dimensions.ts';
import { Pacer } from '../limits/pacer.ts';
import type { DividedLane, LimitDivider } from '../limits/limit-divider.ts';
import { isGuess, LanePause } from './lane-pause.ts';
import type { Reservation } from '../usage/reservation.ts';
import { Waiter } from './waiter.ts';
import { WaitingRoom } from './waiting-room.ts';

export interface AdmissionConfig {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Undefined when pacing is off: order, concurrency, pauses and the circuit remain. */
  readonly pacing: ResolvedPacing | undefined;
  readonly maxConcurrent: number;
  readonly maxQueued: number;
  /** Longest wait for a limit to reset; one that takes longer closes the lane. */
  readonly maxLimitWaitMs: number;
  readonly gate: CircuitGate;
  readonly charge: ChargeRule;
  readonly listener: LaneListener;
  /** Divides the limits among processes; undefined if this process is on its own. */
  readonly divider?: LimitDivider | undefined;
}

/** An admission that several guards use. */
export interface SharedAdmission extends Admission {
  /** Rejects one guard's queued calls with `closed`. */
  closeFor(owner: object): void;
  /** Restores what another process knew about the lane. */
  recall(kept: KeptLane, ageMs: number): void;
  /** Learned token usage, serialized for another process; undefined until a call has been answered. */
  learnedTokens(): string | undefined;
}

export function createAdmission(config: AdmissionConfig): SharedAdmission {
  return new LaneAdmission(config);
}

/** One queue, one timer: the first call goes once nothing holds the lane back, and none overtakes it. */
class LaneAdmission implements SharedAdmission, TicketHost {
  readonly maxConcurrent: number;
  readonly maxQueued: number;
  inFlight = 0;
  served = 0;
  readonly #clock: Clock;
  readonly #maxWaitMs: number;
  readonly #pacer: Pacer | undefined;
  readonly #room: WaitingRoom;
  readonly #pause: LanePause;
  readonly #circuitWait: CircuitWait;
  readonly #earlyRefusal: EarlyRefusal;
  readonly #exhausted = new ExhaustedLane();
  readonly #answerTime = new AnswerTime();
  readonly #silentTrials: SilentLaneTrials;
  readonly #unsentTrials = new UnsentRefusalTrials();
  readonly #newestFirst = new NewestFirst();
  readonly #timer: LaneTimer;
  readonly #divider: LimitDivider | undefined;
  #nextPlace = 1;
  #closed = false;
  /** The most recent reason the lane was held. */
  #cause: WaitCause = 'none';

  constructor(config: AdmissionConfig) {
    this.#clock = config.clock;
    this.#maxWaitMs = config.maxLimitWaitMs;
    this.maxConcurrent = config.maxConcurrent;
    this.maxQueued = config.maxQueued;
    this.#pause = new LanePause(config.random, (forMs, dimension) => config.listener.onPause(forMs, dimension));
    this.#circuitWait = new CircuitWait(config.gate, () => this.#pacer?.forgetOverload());
    this.#pacer = config.pacing && new Pacer(config.pacing, { ...config, now: config.clock.now() });
    this.#room = new WaitingRoom(() => this.#pump());
    this.#earlyRefusal = new EarlyRefusal(this.#room, this.#pause, this.#circuitWait, this.#pacer);
    this.#silentTrials = new SilentLaneTrials(config.clock.now());
    this.#timer = new LaneTimer(config.clock, () => this.#pump());
    this.#divider = this.#pacer && config.divider;
    this.#divider?.join(this.#divided(this.#pacer!));
  }

  /** The lane as the divider sees it. */
  #divided(pacer: Pacer): DividedLane {
    const now = (): number => this.#clock.now();
    return {
      limits: pacer.limits.buckets,
      demand: () => ({ ...this.#room.demand(), unanswered: pacer.unanswered, arrived: this.#nextPlace - 1 }),
      wake: () => this.wake(),
      learn: (dimension, limit, burst) => pacer.limits.adopt(dimension, limit, burst, now()),
      learned: () => pacer.learned(),
      weigh: (parts) => this.#room.weigh(parts),
      adopt: (learned) => pacer.adopt(learned),
      pausedForMs: () => this.pausedForMs(),
      closed: () => this.#exhausted.closed(now()),
      close: (closed) => {
        this.#exhausted.closedElsewhere(closed, now());
        this.#refuseAll(() => this.#exhausted.refusal(now()));
      },
      open: () => this.#exhausted.open(),
      pauseFor: (ms) => {
        this.#pause.join(ms, 'unknown', now());
        this.wake();
      },
    };
  }

  get cause(): WaitCause {
    return this.#cause;
  }

  oldestWaitMs(): number {
    const { oldest } = this.#room;
    return oldest ? this.#clock.now() - oldest.enqueuedAt : 0;
  }

  waiting(): Waiting {
    return this.#room.waiting();
  }

  get queued(): number {
    return this.#room.size;
  }

  acquire(request: AdmissionRequest): Ticket | Promise<Ticket> {
    if (this.#closed) return Promise.reject(new AdmissionRefused('closed'));
    // The application's own reason, whatever it is.
    if (request.signal?.aborted) return Promise.reject(request.signal.reason as Error);
    const now = this.#clock.now();
    const closed = this.#exhausted.refusal(now);
    if (closed && !this.#exhausted.isProbeDue(now)) return Promise.reject(closed);
    const reservation = this.#pacer?.plan(request.info);
    const refusal = reservation && this.#pacer!.refusal(reservation, now);
    const chance = refusal && this.#chanceOf(refusal, now);
    if (chance === 'none') return Promise.reject(refusal!);
    const place = request.place ?? this.#nextPlace++;
    if (chance === 'trial') {
      this.#unsentTrials.sent(place, refusal!, now);
      return this.#admit(request, place, reservation, now, 0, 'none');
    }
    if (!refusal && this.#room.size === 0 && this.#freeAt(reservation, isPatient(request.priority), now) <= now) {
      return this.#admit(request, place, reservation, now, 0, 'none');
    }
    // A retry keeps its place, so it does not count against the cap.
    if (request.place === undefined && this.#room.size >= this.maxQueued) {
      return Promise.reject(new AdmissionRefused('queue_full'));
    }
    const startBy = this.#answerTime.startBy(request.deadlineAt, now);
    const waiter = new Waiter(request, reservation, place, now, startBy);
    this.#room.add(waiter);
    const isNext = this.#next() === waiter;
    if (!refusal && (!isNext || !this.#mayTryHeld(now))) this.#earlyRefusal.refuseNewcomer(waiter, this.#cause, now);
    if (isNext) this.#pump();
    else this.#arm();
    return waiter.promise;
  }

  wake(): void {
    if (this.#room.size > 0) this.#pump();
  }

  close(): void {
    this.#closed = true;
    this.#refuseAll(() => new AdmissionRefused('closed'));
    this.#divider?.leave();
  }

  closeFor(owner: object): void {
    for (let waiter = this.#room.oldest; waiter;) {
      const { after, request } = waiter;
      if (request.owner === owner) this.#room.drop(waiter, new AdmissionRefused('closed'));
      waiter = after;
    }
    this.#pump();
  }

  recall(kept: KeptLane, ageMs: number): void {
    // In a fleet, the other processes have fresher data.
    if (this.#divider) return;
    const now = this.#clock.now();
    this.#pacer?.recall(kept, ageMs, now);
    const pausedMs = Math.min(kept.pausedMs ?? 0, this.#maxWaitMs);
    this.#pause.join(pausedMs - ageMs, 'unknown', now);
  }

  learnedTokens(): string | undefined {
    return this.#pacer?.learnedText();
  }

  pausedForMs(): number {
    return this.#pause.leftMs(this.#clock.now());
  }

  dimensions(): readonly DimensionSnapshot[] {
    return this.#pacer?.dimensions(this.#clock.now()) ?? [];
  }

  ticketHeaded(ticket: LaneTicket, readings: readonly LimitReading[], status: number): void {
    if (ticket.isAccepted) {
      this.served++;
      this.#circuitWait.answered();
      this.#exhausted.served(ticket.sentAt);
    }
    this.#newestFirst.answered();
    if (!ticket.reservation || !this.#pacer) return;
    this.#pacer.headed(ticket.reservation, readings, status, this.#clock.now());
    this.wake();
  }

  ticketSettled(ticket: LaneTicket, settlement: Settlement): WhoWaits | undefined {
    const ofContent = isContent(settlement.failure?.dimension);
    // Refused by a content limit, which says nothing about the lane's own limits.
    const own: Settlement = ticket.isProbe ? { ...settlement, probe: true } : settlement;
    const result: Settlement = ofContent ? { outcome: 'bad_request' } : own;
    const now = this.#clock.now();
    const { failure } = result;
    // Refused or lost inside a 200.
    const isLost = failure !== undefined && (failure.outcome === 'throttled' || isProviderFault(failure));
    if (isLost && ticket.isAccepted) this.served--;
    const verdict = ticket.reservation && this.#pacer?.settled(ticket.reservation, result, this.#room.size, now);
    const waitMs = verdict ? verdict.laneMs : waitOf(failure);
    if (result.outcome === 'ok') {
      this.#answerTime.answered(ticket.sentAt, now);
      this.#exhausted.served(ticket.sentAt);
    } else if (failure?.cutByCaller) this.#answerTime.cut(ticket.sentAt, now);
    else if (result.outcome === 'cancelled' && !ticket.isHeaded) this.#newestFirst.cut();
    this.#exhausted.ended(ticket.place, result.outcome, now);
    this.#silentTrials.ended(ticket.place, result.outcome, now);
    this.#unsentTrials.settled(ticket.place, result.outcome, failure, ticket.sentAt, now);
    const closes = failure && this.#closes(failure, waitMs, now);
    if (closes) {
      if (this.#exhausted.refused(closes, ticket.sentAt, now)) this.#refuseAll(() => this.#exhausted.refusal(now));
    } else if (waitMs > 0 && ticket.refusals < PAUSES_OF_A_CALL && !(result.unretried && isGuess(failure))) {
      this.#pause.extend(waitMs, failure?.dimension ?? 'unknown', now);
    }
    this.wake();
    return ofContent ? 'call' : verdict?.who;
  }

  ticketReleased(ticket: LaneTicket): void {
    this.inFlight--;
    if (ticket.isProbe) this.#circuitWait.probeEnded();
    this.#exhausted.forget(ticket.place);
    this.#silentTrials.forget(ticket.place);
    this.#unsentTrials.forget(ticket.place);
    if (ticket.reservation) this.#pacer?.released(ticket.reservation, this.#clock.now());
    this.wake();
  }

  /**
   * Earliest known time at which the reservation may go; if that is not now, `#cause` says why. `patient`: whether any
   * waiting call is of priority `batch`.
   */
  #freeAt(reservation: Reservation | undefined, patient: boolean, now: number): number {
    const closedUntil = this.#closedUntil(now);
    if (closedUntil > now || !reservation || !this.#pacer || this.#exhausted.asks) return closedUntil;
    const waitMs = this.#pacer.waitMs(reservation, this.#room.size, patient, now);
    if (waitMs > 0) this.#cause = this.#pacer.binding;
    return now + waitMs;
  }

  /** Until when no call may go, whatever its size. */
  #closedUntil(now: number): number {
    if (this.#pause.until > now) {
      this.#cause = 'pause';
      return this.#pause.until;
    }
    const askedUntil = this.#exhausted.heldUntil(now);
    if (askedUntil > now) {
      this.#cause = 'pause';
      return askedUntil;
    }
    const heldUntil = this.#circuitWait.heldUntil(this.inFlight, now);
    if (heldUntil > now) {
      this.#cause = 'circuit';
      return heldUntil;
    }
    if (this.inFlight >= Math.min(this.maxConcurrent, this.#pacer?.concurrencyLimit(now) ?? Infinity)) {
      this.#cause = 'concurrency';
      return Infinity;
    }
    return now;
  }

  /**
   * Whether to send a call despite the hold, to test a belief. Never in a fleet: a lease is a promise to other
   * processes, not a belief.
   */
  #mayTryHeld(now: number): boolean {
    return !this.#divider && this.#silentTrials.allows(this.#cause, now);
  }

  /**
   * What to do with a call about to be refused unsent: send it as a trial of the belief, let it wait for another
   * trial's outcome, or refuse it. A limit set by the application is not a belief and is never tested.
   */
  #chanceOf(refusal: AdmissionRefused, now: number): 'trial' | 'wait' | 'none' {
    const { dimension, reason } = refusal;
    const source = dimension && isBucket(dimension) ? this.#pacer!.limits.get(dimension)?.source : undefined;
    if (source === 'config') return 'none';
    const isTold = reason === 'too_large' && source === 'header';
    if (this.#closedUntil(now) <= now && this.#unsentTrials.allows(refusal, isTold, now)) return 'trial';
    if (this.#unsentTrials.isConfirmed(refusal)) return 'none';
    this.#cause = dimension ?? 'unknown';
    return 'wait';
  }

  #admit(
    { refusals }: AdmissionRequest,
    place: number,
    reservation: Reservation | undefined,
    now: number,
    waitedMs: number,
    cause: WaitCause,
  ): LaneTicket {
    this.inFlight++;
    this.#silentTrials.sent(now);
    if (this.#exhausted.sent(place, now)) this.#refuseAll(() => this.#exhausted.refusal(now));
    if (reservation) this.#pacer?.take(reservation, now);
    return new LaneTicket(this, place, waitedMs, cause, now, this.#circuitWait.admit(), refusals, reservation);
  }

  /** Why not all waiting calls can be served, given this one's size. */
  #tooMany(reservation: Reservation | undefined): AdmissionRefused | undefined {
    if (!reservation || !this.#pacer) return undefined;
    return this.#pacer.limits.tooMany(this.#room.size, reservation.reserved, this.#pacer.binding);
  }

  /** The call whose turn it is. A probe is the newest call: the oldest has the least time left for an answer. */
  #next(): Waiter | undefined {
    if (this.#room.size === 0) this.#newestFirst.drained();
    return this.#circuitWait.probes || this.#newestFirst.active ? this.#room.newest : this.#room.first;
  }

  #pump(): void {
    let freeAt = Infinity;
    for (;;) {
      const waiter = this.#next();
      if (!waiter) break;
      const now = this.#clock.now();
      const { request } = waiter;
      // Re-estimate: answers received in the meantime have improved the estimator.
      const reservation = waiter.reservation && this.#pacer?.renew(waiter.reservation);
      waiter.reservation = reservation;
      if (request.signal?.aborted) {
        this.#room.drop(waiter, request.signal.reason);
        continue;
      }
      const never = reservation && this.#pacer?.refusal(reservation, now);
      freeAt = never ? Infinity : this.#freeAt(reservation, this.#room.hasPatient, now);
      const refusal = never ?? (freeAt > now ? this.#tooMany(reservation) : undefined);
      const chance = refusal && this.#chanceOf(refusal, now);
      if (chance === 'none') {
        this.#room.drop(never ? waiter : this.#room.newest!, refusal);
        continue;
      }
      if (chance === 'trial') {
        this.#unsentTrials.sent(waiter.place, refusal!, now);
        freeAt = now;
      } else if (chance === 'wait') {
        freeAt = Math.min(freeAt, Math.max(this.#closedUntil(now), this.#unsentTrials.nextAt(now)));
      }
      if (freeAt > now && freeAt > waiter.startBy && this.#mayTryHeld(now)) this.#silentTrials.tries(waiter.place);
      else if (freeAt > now) {
        if (this.#earlyRefusal.refuseQueued(waiter, freeAt, this.#cause, now)) continue;
        break;
      }
      this.#room.serve(waiter, reservation && this.#pacer ? this.#pacer.limits.share(reservation.reserved) : 1);
      waiter.resolve(this.#admit(request, waiter.place, reservation, now, now - waiter.enqueuedAt, this.#cause));
    }
    this.#arm(freeAt);
  }

  /** The reason to close the lane after this failure, if it would have to wait longer than any call may. */
  #closes(failure: Failure, waitMs: number, now: number): Closed | undefined {
    const { outcome, dimension, limit } = failure;
    if (outcome === 'quota_exhausted') return { reason: 'quota', failure, until: Infinity };
    if (outcome === 'too_large' && limit === 0) return { reason: 'too_large', failure, until: Infinity };
    if (waitMs <= this.#maxWaitMs) return undefined;
    const perDay = isBucket(dimension) && LIMIT_KINDS[dimension].perDay;
    return { reason: perDay ? 'day_limit' : 'deadline', failure, until: now + waitMs };
  }

  #refuseAll(refusal: () => unknown): void {
    for (let waiter = this.#room.oldest; waiter; waiter = this.#room.oldest) this.#room.drop(waiter, refusal());
    this.#arm();
  }

  /** Sets the timer; without `freeAt`, the time already set stays in force. */
  #arm(freeAt: number = this.#timer.at): void {
    let at = this.#room.size === 0 ? Infinity : freeAt;
    const { mostUrgent, oldest } = this.#room;
    if (mostUrgent) at = Math.min(at, mostUrgent.startBy);
    if (oldest && this.#cause === 'circuit') at = Math.min(at, this.#circuitWait.giveUpAt(oldest.enqueuedAt));
    this.#timer.set(at);
  }
}

/** Pause after a refusal while pacing is off: the hint, or else the reset of a known limit. */
function waitOf(failure: Failure | undefined): number {
  if (failure?.outcome !== 'throttled') return 0;
  const isKnown = failure.dimension !== undefined && failure.dimension !== 'unknown';
  return failure.hintMs ?? (isKnown ? (failure.resetMs ?? 0) : 0);
}
