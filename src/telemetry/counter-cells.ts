import type { Attributes, Counter } from '@opentelemetry/api';

/** One series of a counter. */
export interface Cell {
  readonly counter: Counter;
  readonly attributes: Attributes;
}

// The SDK folds everything beyond 2,000 series of an instrument into one. Zero series stop below that,
// so that they never push a real one out.
const MAX_ZERO_SERIES = 1_500;

/**
 * The series of one counter. A plain counter, added to as things happen: an observable one would report sums of its own
 * keeping, which replace one another where two copies of the package report, or where a view drops attributes.
 */
export class CounterCells {
  readonly #counter: Counter;
  readonly #cells = new Map<string, Cell>();

  constructor(counter: Counter) {
    this.#counter = counter;
  }

  /** The series with these attributes; exists, and is exported, from now on. */
  cell(attributes: Attributes): Cell {
    const key = seriesKey(attributes);
    let cell = this.#cells.get(key);
    if (!cell) {
      this.#cells.set(key, (cell = { counter: this.#counter, attributes }));
      this.#counter.add(0, attributes);
    }
    return cell;
  }

  /** Whether series may still be created that nothing has counted yet. */
  get roomForZeros(): boolean {
    return this.#cells.size < MAX_ZERO_SERIES;
  }
}

/** Equal for equal attributes, whatever their order. */
export function seriesKey(attributes: Attributes): string {
  return JSON.stringify(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Adds to a series. What is no count (negative, NaN, infinite) is not added. */
export function add(cell: Cell | undefined, amount: number): void {
  if (cell && amount > 0 && amount < Infinity) cell.counter.add(amount, cell.attributes);
}
