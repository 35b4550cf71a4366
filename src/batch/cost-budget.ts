import { BatchError } from './batch-error.ts';
import type { ItemMeter } from './call-meter.ts';

interface Waiting {
  readonly worstUsd: number;
  readonly start: () => void;
  readonly refuse: (why: BatchError | undefined) => void;
}

/**
 * Enforces a budget: the worst case of an item is reserved before it is called, and replaced by its actual cost
 * afterwards. So however many items are in flight, the answered ones cost no more than `maxUsd`. An attempt whose
 * answer is lost is charged at its worst case as well: items in flight may still retry, which can exceed the budget,
 * but no other item starts.
 */
export class CostBudget {
  readonly #maxUsd: number;
  #reserved = 0;
  #spent: number;
  #waiting: Waiting | undefined;

  /** `spent`: USD that earlier runs were charged. */
  constructor(maxUsd: number, spent: number) {
    this.#maxUsd = maxUsd;
    this.#spent = spent;
  }

  /** Worst cases of the items in flight. */
  get reservedUsd(): number {
    return this.#reserved;
  }

  /** Whether an item is waiting for room: no other may enter until it has started or was refused. */
  get full(): boolean {
    return this.#waiting !== undefined;
  }

  /** Starts an item now or when there is room, or refuses it: with a reason, or with none if the budget was closed. */
  enter(id: string, worstUsd: number | undefined, start: () => void, refuse: Waiting['refuse']): void {
    if (worstUsd === undefined || !(worstUsd >= 0)) {
      // A cost without an upper bound cannot be kept within a budget.
      refuse(budgetError(`The maximum cost of item ${JSON.stringify(id)} is unknown.`));
      return;
    }
    this.#waiting = { worstUsd, start, refuse };
    this.#look();
  }

  /** An item has ended. @returns USD that it is charged: its worst case if a cost is unknown. */
  settle(worstUsd: number, { costUsd, unpriced, lost }: ItemMeter): number {
    const told = unpriced > 0 ? Math.max(worstUsd, costUsd) : costUsd;
    const charged = Math.max(told, costUsd + lost * worstUsd);
    this.#spent -= lost * worstUsd;
    this.#reserved = Math.max(0, this.#reserved - worstUsd);
    this.#spent += charged;
    this.#look();
    return charged;
  }

  /** An answer to an item in flight was lost. The reservation now covers its next attempt. */
  lost(worstUsd: number): void {
    this.#spent += worstUsd;
  }

  /** Starts no further item. */
  close(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.refuse(undefined);
  }

  #look(): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    const { worstUsd, start, refuse } = waiting;
    // Rounding errors of sums are no reason to stop.
    if (this.#spent + this.#reserved + worstUsd <= this.#maxUsd * (1 + 1e-9)) {
      this.#waiting = undefined;
      this.#reserved += worstUsd;
      start();
    } else if (this.#reserved <= this.#maxUsd * 1e-9) {
      this.#waiting = undefined;
      refuse(
        budgetError(
          `Of ${usdText(this.#maxUsd)}, ${usdText(this.#spent)} is spent, and the next item may cost ${usdText(worstUsd)}.`,
        ),
      );
    }
  }
}

const usdText = (usd: number): string => `$${Number(usd.toPrecision(3))}`;

const budgetError = (message: string): BatchError => new BatchError('batch_budget', message);
