import type { Unit } from '../../core/dimensions.ts';
import { type Amounts, noAmounts, type Reservation, setAmounts } from './reservation.ts';

/** Fraction of pending output that is not generated yet when the provider counts: half, on average. */
const STILL_PENDING = 0.5;
const MANY = 64;

/**
 * A lane's total consumption. Every reservation records the totals at its time, so that the difference to the current
 * totals is what came later, without a list of calls in flight.
 *
 * Providers count output tokens as they are generated: here they are pending until settlement, and only then enter the
 * totals. Everything else counts from the moment of sending.
 */
export class Consumption {
  readonly total: Amounts = noAmounts();
  #pendingOutput = 0;
  #sentAt: number | undefined;
  /** Sent so recently that the provider may not have counted them yet. */
  readonly #recent: Reservation[] = [];
  #first = 0;

  /** Amount sent that the provider has not counted yet. */
  uncounted(unit: Unit): number {
    return unit === 'outputTokens' ? this.#pendingOutput * STILL_PENDING : 0;
  }

  sent(reservation: Reservation): void {
    const { reserved, charged, marks } = reservation;
    const { total } = this;
    setAmounts(charged, reserved);
    total.requests += reserved.requests;
    total.tokens += reserved.tokens;
    total.inputTokens += reserved.inputTokens;
    setAmounts(marks, total);
    this.#pendingOutput += reserved.outputTokens;
    reservation.outputPending = true;
    reservation.previousAt = this.#sentAt ?? reservation.sentAt;
    this.#sentAt = reservation.sentAt;
    this.#recent.push(reservation);
  }

  /**
   * A call that settles within one round trip after a request is sent ended before the provider counted that request,
   * whose answer therefore includes it.
   */
  pass(roundTripMs: number, now: number): void {
    for (
      let next = this.#recent[this.#first];
      next && next.sentAt + roundTripMs < now;
      next = this.#recent[this.#first]
    ) {
      next.marks.outputTokens = this.total.outputTokens;
      this.#first++;
    }
    if (this.#first < MANY || 2 * this.#first < this.#recent.length) return;
    this.#recent.splice(0, this.#first);
    this.#first = 0;
  }

  /**
   * The provider counts `amount` instead of what is charged so far. Totals other than output remain as sent: what is
   * returned later was not available when the provider counted. Returns the amount returned; negative if more is
   * charged.
   */
  charge(reservation: Reservation, unit: Unit, amount: number): number {
    const { charged } = reservation;
    const back = charged[unit] - amount;
    charged[unit] = amount;
    if (unit === 'outputTokens') {
      this.total.outputTokens += reservation.outputPending ? amount : -back;
      if (reservation.outputPending) this.#pendingOutput -= reservation.reserved.outputTokens;
      reservation.outputPending = false;
    }
    return back;
  }

  /** Consumption since the reservation was sent, from the provider's point of view. */
  since(unit: Unit, reservation: Reservation): number {
    const later = this.total[unit] - reservation.marks[unit];
    return later + this.uncounted(unit);
  }
}
