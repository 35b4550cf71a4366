import type { Priority } from '../../core/admission.ts';
import type { Waiting } from '../../core/snapshot.ts';
import { classNameOf } from './class-name.ts';
import { IndexedHeap } from './indexed-heap.ts';
import { addAmounts, type Amounts, noAmounts } from '../usage/reservation.ts';
import type { FairClass, Waiter } from './waiter.ts';
import { WaitingTally } from './waiting-tally.ts';

/** Whether calls of this priority are in no hurry. */
export function isPatient(priority: Priority): boolean {
  return priority === 'batch';
}

export const WEIGHTS: Readonly<Record<Priority, number>> = { interactive: 8, normal: 4, batch: 1 };

/**
 * Who is next: first come first served within a class, start-time fair queueing
 * (Goyal, Vin, Cheng 1996) between classes. Knows no limits.
 */
export class FairQueue {
  readonly #classes = new Map<string, FairClass>();
  readonly #active = new IndexedHeap<'activeIndex', FairClass>('activeIndex', servedBefore);
  readonly #idle = new IndexedHeap<'idleIndex', FairClass>('idleIndex', finishedBefore);
  /** Sum of all waiters' reservations, and of the weights of the classes that have waiters. */
  readonly waiting: Amounts = noAmounts();
  weight = 0;
  /** Number of waiters of priority `batch`. */
  patient = 0;
  #parts: Readonly<Record<string, number>> = {};
  #virtualTime = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Counts waiters by priority and tenant. */
  tally(): Waiting {
    const tally = new WaitingTally();
    for (const { priority, tenant, waiters } of this.#classes.values()) tally.add(priority, tenant, waiters.size);
    return tally.result(this.#size);
  }

  /** Weights of the classes that have waiters, by their names in the fleet. */
  weights(): Record<string, number> {
    const weights: Record<string, number> = {};
    for (const { name, weight, waiters } of this.#classes.values()) {
      if (waiters.size > 0) weights[name] = (weights[name] ?? 0) + weight;
    }
    return weights;
  }

  /**
   * Sets which part of a class's weight counts here (default: all of it), rescaling what the class has already used.
   */
  weigh(parts: Readonly<Record<string, number>>): void {
    this.#parts = parts;
    for (const fairClass of this.#classes.values()) {
      const part = parts[fairClass.name] ?? 1;
      const { part: before, waiters } = fairClass;
      if (part === before) continue;
      fairClass.part = part;
      const ahead = (at: number): number => this.#virtualTime + (Math.max(0, at - this.#virtualTime) * before) / part;
      fairClass.start = ahead(fairClass.start);
      fairClass.finish = ahead(fairClass.finish);
      if (waiters.size > 0) this.#reorder(fairClass);
      else {
        this.#idle.remove(fairClass);
        this.#idle.push(fairClass);
      }
    }
  }

  peek(): Waiter | undefined {
    return this.#active.peek()?.waiters.peek();
  }

  push(waiter: Waiter): void {
    const fairClass = this.#classOf(waiter.request.tenant, waiter.request.priority);
    waiter.fairClass = fairClass;
    const wasEmpty = fairClass.waiters.size === 0;
    fairClass.waiters.push(waiter);
    this.#count(fairClass, waiter, 1);
    this.#size++;
    if (wasEmpty) {
      this.weight += fairClass.weight;
      this.#idle.remove(fairClass);
      fairClass.start = Math.max(this.#virtualTime, fairClass.finish);
      this.#active.push(fairClass);
    } else if (fairClass.waiters.peek() === waiter) {
      this.#reorder(fairClass);
    }
  }

  /** Removes a waiter without serving it. */
  remove(waiter: Waiter): void {
    const fairClass = waiter.fairClass!;
    fairClass.waiters.remove(waiter);
    this.#count(fairClass, waiter, -1);
    this.#size--;
    if (fairClass.waiters.size === 0) this.weight -= fairClass.weight;
    this.#settle(fairClass);
  }

  /** Removes a waiter and charges its class; `cost` is in calls of average size. */
  serve(waiter: Waiter, cost: number): void {
    const fairClass = waiter.fairClass!;
    this.#virtualTime = Math.max(this.#virtualTime, fairClass.start);
    if (!waiter.isRetry) fairClass.finish = fairClass.start + cost / (fairClass.weight * fairClass.part);
    fairClass.start = Math.max(this.#virtualTime, fairClass.finish);
    this.remove(waiter);
  }

  #count({ waiting, priority }: FairClass, { counted }: Waiter, sign: 1 | -1): void {
    if (isPatient(priority)) this.patient += sign;
    if (!counted) return;
    addAmounts(waiting, counted, sign);
    addAmounts(this.waiting, counted, sign);
  }

  #settle(fairClass: FairClass): void {
    if (fairClass.waiters.size > 0) this.#reorder(fairClass);
    else {
      this.#active.remove(fairClass);
      this.#idle.push(fairClass);
    }
    this.#dropIdle();
  }

  #reorder(fairClass: FairClass): void {
    this.#active.remove(fairClass);
    this.#active.push(fairClass);
  }

  #classOf(tenant: string | undefined, priority: Priority): FairClass {
    const key = tenant === undefined ? priority : `${priority} ${tenant}`;
    let fairClass = this.#classes.get(key);
    if (!fairClass) {
      const weight = WEIGHTS[priority];
      const name = classNameOf(weight, tenant);
      fairClass = {
        key,
        priority,
        tenant,
        name,
        weight,
        part: this.#parts[name] ?? 1,
        waiters: new IndexedHeap<'queueIndex', Waiter>('queueIndex', cameBefore),
        waiting: noAmounts(),
        start: 0,
        finish: 0,
        activeIndex: -1,
        idleIndex: -1,
      };
      this.#classes.set(key, fairClass);
    }
    return fairClass;
  }

  /** Tenants come and go; an idle class without debt is the same as a new one. */
  #dropIdle(): void {
    for (let idle = this.#idle.peek(); idle; idle = this.#idle.peek()) {
      // Without waiters, fairness does not matter.
      if (this.#size > 0 && idle.finish > this.#virtualTime) return;
      this.#idle.remove(idle);
      this.#classes.delete(idle.key);
    }
  }
}

function cameBefore(a: Waiter, b: Waiter): boolean {
  return a.place < b.place;
}

function servedBefore(a: FairClass, b: FairClass): boolean {
  if (a.start !== b.start) return a.start < b.start;
  return (a.waiters.peek()?.place ?? Infinity) < (b.waiters.peek()?.place ?? Infinity);
}

function finishedBefore(a: FairClass, b: FairClass): boolean {
  return a.finish < b.finish;
}
