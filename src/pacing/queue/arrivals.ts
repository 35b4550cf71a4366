import type { Waiter } from './waiter.ts';

/** All waiters of a lane in the order in which they began to wait. */
export class Arrivals {
  first: Waiter | undefined;
  last: Waiter | undefined;

  add(waiter: Waiter): void {
    waiter.earlier = this.last;
    if (this.last) this.last.later = waiter;
    else this.first = waiter;
    this.last = waiter;
  }

  remove(waiter: Waiter): void {
    const { earlier, later } = waiter;
    if (earlier) earlier.later = later;
    else if (this.first === waiter) this.first = later;
    if (later) later.earlier = earlier;
    else if (this.last === waiter) this.last = earlier;
    waiter.earlier = undefined;
    waiter.later = undefined;
  }
}
