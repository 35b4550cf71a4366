import type { Unit } from '../../core/dimensions.ts';
import { addAmounts, type Amounts, noAmounts } from './reservation.ts';

const SLOT_MS = 5_000;
const MINUTE_MS = 60_000;
/** One more than fits into a minute: the oldest still counts in part. */
const SLOTS = MINUTE_MS / SLOT_MS + 1;

interface Slot {
  /** Slot number since the clock's zero; an unexpected number marks a stale slot. */
  number: number;
  readonly amounts: Amounts;
}

/**
 * What a lane has admitted within the last minute, by its own count. Headers cannot show this for short buckets, which
 * are full again before the answer arrives.
 */
export class AdmittedMinute {
  readonly #slots: Slot[] = Array.from({ length: SLOTS }, () => ({ number: -1, amounts: noAmounts() }));

  add(amounts: Readonly<Amounts>, now: number): void {
    addAmounts(this.#slot(now).amounts, amounts, 1);
  }

  /** A call admitted at `sentAt` takes `amount` less than was reserved; negative for more. */
  giveBack(unit: Unit, amount: number, sentAt: number, now: number): void {
    if (now - sentAt < MINUTE_MS) this.#slot(sentAt).amounts[unit] -= amount;
  }

  of(unit: Unit, now: number): number {
    const newest = Math.floor(now / SLOT_MS);
    const oldestShare = 1 - (now / SLOT_MS - newest);
    let sum = 0;
    for (const { number, amounts } of this.#slots) {
      const age = newest - number;
      if (age < 0 || age >= SLOTS) continue;
      sum += amounts[unit] * (age === SLOTS - 1 ? oldestShare : 1);
    }
    return Math.max(0, sum);
  }

  #slot(at: number): Slot {
    const number = Math.floor(at / SLOT_MS);
    const slot = this.#slots[number % SLOTS]!;
    if (slot.number < number) {
      slot.number = number;
      for (const unit of Object.keys(slot.amounts) as Unit[]) slot.amounts[unit] = 0;
    }
    return slot;
  }
}
