import type { Waiting } from '../../core/snapshot.ts';
import { inTurns } from '../../core/event-loop-turns.ts';
import { LinkedList } from '../../core/linked-list.ts';
import { AbortWatch } from './abort-watch.ts';
import { FairQueue } from './fair-queue.ts';
import { IndexedHeap } from './indexed-heap.ts';
import type { Demand } from '../limits/limit-divider.ts';
import { addAmounts, type Amounts } from '../usage/reservation.ts';
import type { Waiter } from './waiter.ts';

/**
 * All waiters of a lane, in the orders that matter: by turn, by arrival, by deadline and by abort signal. Each change
 * takes O(log n).
 */
export class WaitingRoom {
  readonly #queue = new FairQueue();
  readonly #arrivals = new LinkedList<Waiter>();
  readonly #deadlines = new IndexedHeap<'deadlineIndex', Waiter>('deadlineIndex', isMoreUrgent);
  readonly #aborts: AbortWatch;

  /** `onLeft` is called after aborted waiters have been removed. */
  constructor(onLeft: () => void) {
    this.#aborts = new AbortWatch((waiters, reason) => {
      for (const waiter of waiters) this.drop(waiter, reason);
      onLeft();
    });
  }

  get size(): number {
    return this.#queue.size;
  }

  /** Whether any waiter is in no hurry. */
  get hasPatient(): boolean {
    return this.#queue.patient > 0;
  }

  /** The waiter whose turn it is. */
  get first(): Waiter | undefined {
    return this.#queue.peek();
  }

  waiting(): Waiting {
    return this.#queue.tally();
  }

  get oldest(): Waiter | undefined {
    return this.#arrivals.first;
  }

  get newest(): Waiter | undefined {
    return this.#arrivals.last;
  }

  /** The waiter with the earliest `startBy`, among those with a deadline. */
  get mostUrgent(): Waiter | undefined {
    return this.#deadlines.peek();
  }

  demand(): Pick<Demand, 'next' | 'all' | 'weight' | 'classes'> {
    const { waiting: all, weight } = this.#queue;
    return { next: this.first?.reservation?.reserved, all, weight, classes: this.#queue.weights() };
  }

  weigh(parts: Readonly<Record<string, number>>): void {
    this.#queue.weigh(parts);
  }

  add(waiter: Waiter): void {
    this.#queue.push(waiter);
    this.#arrivals.add(waiter);
    if (waiter.startBy < Infinity) this.#deadlines.push(waiter);
    this.#aborts.add(waiter);
  }

  /** Removes a waiter unserved, at once. Its call is rejected later, spread over event-loop turns. */
  drop(waiter: Waiter, reason: unknown): void {
    this.#queue.remove(waiter);
    this.#leave(waiter);
    inTurns(() => waiter.reject(reason));
  }

  /** Removes a waiter whose turn it is; `cost` is in calls of average size. */
  serve(waiter: Waiter, cost: number): void {
    this.#queue.serve(waiter, cost);
    this.#leave(waiter);
  }

  /** Sum of the reservations ahead of the waiter in its own class. */
  aheadOf(waiter: Waiter): Readonly<Amounts> {
    const { waiting } = waiter.fairClass!;
    const own = waiter.counted;
    if (!own) return waiting;
    const ahead = { ...waiting };
    addAmounts(ahead, own, -1);
    return ahead;
  }

  #leave(waiter: Waiter): void {
    this.#arrivals.remove(waiter);
    this.#deadlines.remove(waiter);
    this.#aborts.remove(waiter);
  }
}

function isMoreUrgent(a: Waiter, b: Waiter): boolean {
  return a.startBy < b.startBy;
}
