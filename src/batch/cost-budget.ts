import { BatchError } from './batch-error.ts';
import type { ItemMeter } from './call-meter.ts';

interface Waiting {
  readonly worstUsd: number;
  readonly start: () => void;
  readonly refuse: (why: BatchError | undefined) => void;
}

/**
 * Holds what may be spent: the worst case of an item is set aside before it is called, and given back for what it did cost. So
 * however many are at work, no more than `maxUsd` is spent on what is answered. An attempt whose answer is lost is taken for its worst case
 * too: those at work may send theirs again all the same, and no other one begins.
 */
export class CostBudget {
  readonly #maxUsd: number;
  #reserved = 0;
  #spent: number;
  #waiting: Waiting | undefined;

  /** `spent`: what earlier runs have cost. */
  constructor(maxUsd: number, spent: number) {
    this.#maxUsd = maxUsd;
    this.#spent = spent;
  }

  /** Of what is at work. */
  get reservedUsd(): number {
    return this.#reserved;
  }

  /** Whether an item waits for room: no other one may enter then. */
  get full(): boolean {
    return this.#waiting !== undefined;
  }

  /** Starts an item now or when there is room, or refuses it: with the reason, or with none where it had to leave. */
  enter(id: string, worstUsd: number | undefined, start: () => void, refuse: Waiting['refuse']): void {
    if (worstUsd === undefined || !(worstUsd >= 0)) {
      // What nobody can bound cannot be held to a budget.
      refuse(budgetError(`What item ${JSON.stringify(id)} may cost at most is not known.`));
      return;
    }
    this.#waiting = { worstUsd, start, refuse };
    this.#look();
  }

  /** An item has ended. @returns What it is charged: where a cost is not known, its worst case. */
  settle(worstUsd: number, { costUsd, unpriced, lost }: ItemMeter): number {
    const told = unpriced > 0 ? Math.max(worstUsd, costUsd) : costUsd;
    const charged = Math.max(told, costUsd + lost * worstUsd);
    this.#spent -= lost * worstUsd;
    this.#reserved = Math.max(0, this.#reserved - worstUsd);
    this.#spent += charged;
    this.#look();
    return charged;
  }

  /** An answer of an item at work was lost. What is set aside is for the next one. */
  lost(worstUsd: number): void {
    this.#spent += worstUsd;
  }

  /** Nothing more is to be started. */
  close(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.refuse(undefined);
  }

  #look(): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    const { worstUsd, start, refuse } = waiting;
    // What sums of fractions are off by is no reason to stop.
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
