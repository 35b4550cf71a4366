import { AdmissionRefused, type RefusalReason } from '../../core/admission.ts';
import type { WaitCause } from '../../core/event-values.ts';
import type { CircuitWait } from './circuit-wait.ts';
import type { Pacer } from '../limits/pacer.ts';
import type { LanePause } from './lane-pause.ts';
import type { Waiter } from './waiter.ts';
import type { WaitingRoom } from './waiting-room.ts';

/** Rejects queued calls that cannot be admitted before their deadline, while their callers can still do something else. */
export class EarlyRefusal {
  readonly #room: WaitingRoom;
  readonly #pause: LanePause;
  readonly #circuitWait: CircuitWait;
  readonly #pacer: Pacer | undefined;

  constructor(room: WaitingRoom, pause: LanePause, circuitWait: CircuitWait, pacer: Pacer | undefined) {
    this.#room = room;
    this.#pause = pause;
    this.#circuitWait = circuitWait;
    this.#pacer = pacer;
  }

  /**
   * Refuses calls that will miss their deadline, or that have waited as long as they may. `cause` keeps all calls back
   * until `freeAt`. Returns whether any was refused.
   */
  refuseQueued(first: Waiter, freeAt: number, cause: WaitCause, now: number): boolean {
    const room = this.#room;
    const before = room.size;
    const laneWide = cause === 'pause' || cause === 'circuit';
    // A limit holds back the first call only: a later one may be smaller.
    if (Number.isFinite(freeAt) && freeAt > first.startBy) {
      room.drop(first, refusal('deadline', freeAt - now, cause));
    }
    const lateBefore = laneWide && Number.isFinite(freeAt) ? freeAt : now;
    for (let waiter = room.mostUrgent; waiter && waiter.startBy <= lateBefore; waiter = room.mostUrgent) {
      room.drop(waiter, refusal('deadline', freeAt - now, cause));
    }
    if (cause === 'circuit') {
      for (let waiter = room.oldest; waiter && this.#heldTooLong(waiter, freeAt, now); waiter = room.oldest) {
        room.drop(waiter, refusal('circuit_open', freeAt - now, cause));
      }
    }
    return room.size < before;
  }

  /** Refuses a newcomer behind a queue that is longer than its deadline. */
  refuseNewcomer(waiter: Waiter, cause: WaitCause, now: number): void {
    const { startBy } = waiter;
    if (startBy <= now) this.#room.drop(waiter, refusal('deadline', undefined, cause));
    else if (startBy < Infinity && !waiter.isRetry && waiter.reservation && this.#pacer) {
      const ahead = this.#room.aheadOf(waiter);
      const waitMs = Math.max(
        this.#pause.leftMs(now),
        this.#pacer.limits.leastWaitMs(ahead, waiter.reservation.reserved, now),
      );
      if (now + waitMs > startBy) this.#room.drop(waiter, refusal('deadline', waitMs, cause));
    }
  }

  #heldTooLong(waiter: Waiter, heldUntil: number, now: number): boolean {
    const giveUpAt = this.#circuitWait.giveUpAt(waiter.enqueuedAt);
    return giveUpAt <= now || (Number.isFinite(heldUntil) && giveUpAt < heldUntil);
  }
}

function refusal(reason: RefusalReason, waitMs: number | undefined, cause: WaitCause): AdmissionRefused {
  const dimension = cause === 'pause' || cause === 'circuit' || cause === 'none' ? undefined : cause;
  return new AdmissionRefused(reason, { dimension, waitMs: Number.isFinite(waitMs) ? waitMs : undefined });
}
