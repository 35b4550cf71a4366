import { type Unit, UNITS } from '../../core/dimensions.ts';
import { type Amounts, noAmounts, type Reservation } from './reservation.ts';

/** Of answers that are on their way, half was generated on average when the provider counted. */
const STILL_PENDING = 0.5;
const MANY = 64;

/**
 * What a lane has consumed in all. Because every reservation notes the totals of its moment,
 * the difference to now tells what came later, without a list of what is in flight.
 *
 * Output tokens are counted by providers as they are generated: in the totals they appear at settlement,
 * and until then they are pending. Everything else counts from the moment of sending.
 */
export class Consumption {
  readonly total: Amounts = noAmounts();
  #pendingOutput = 0;
  /** Sent so recently that the provider has not counted them for certain: those from the first on. */
  readonly #recent: Reservation[] = [];
  #first = 0;

  /** What was sent that a provider has not counted so far. */
  uncounted(unit: Unit): number {
    return unit === 'outputTokens' ? this.#pendingOutput * STILL_PENDING : 0;
  }

  sent(reservation: Reservation): void {
    const { reserved, charged, marks } = reservation;
    for (const unit of UNITS) {
      charged[unit] = reserved[unit];
      if (unit !== 'outputTokens') this.total[unit] += reserved[unit];
      marks[unit] = this.total[unit];
    }
    this.#pendingOutput += reserved.outputTokens;
    reservation.outputPending = true;
    this.#recent.push(reservation);
  }

  /**
   * What settles within a round trip of a request's sending had ended before the provider counted that request: its
   * answer contains it.
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
   * The provider counts `amount` in place of what is charged so far. The totals of everything but output stay
   * what was sent: what is given back later was not there when the provider counted.
   * Returns what is given back; negative when more is charged.
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

  /** What was consumed since the reservation was sent, as the provider sees it. */
  since(unit: Unit, reservation: Reservation): number {
    const later = this.total[unit] - reservation.marks[unit];
    return later + this.uncounted(unit);
  }
}
