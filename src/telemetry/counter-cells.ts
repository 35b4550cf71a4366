import type { Attributes, ObservableResult } from '@opentelemetry/api';

/** One series of a counter. */
export interface Cell {
  value: number;
  readonly attributes: Attributes;
}

// The SDK folds everything beyond 2,000 series of an instrument into one. Zero series stop below that,
// so that they never push a real one out.
const MAX_ZERO_SERIES = 1_500;

/**
 * The series of one counter, added to without the SDK and handed over when a reader collects.
 * The SDK hashes the attributes of every single measurement, about a microsecond each;
 * a call makes five to ten of them. The exported data is the same cumulative monotonic sum.
 */
export class CounterCells {
  readonly #cells = new Map<string, Cell>();

  /** The series with these attributes; exists, and is exported, from now on. */
  cell(attributes: Attributes): Cell {
    const key = seriesKey(attributes);
    let cell = this.#cells.get(key);
    if (!cell) this.#cells.set(key, (cell = { value: 0, attributes }));
    return cell;
  }

  /** Whether series may still be created that nothing has counted yet. */
  get roomForZeros(): boolean {
    return this.#cells.size < MAX_ZERO_SERIES;
  }

  observe(result: ObservableResult): void {
    for (const cell of this.#cells.values()) result.observe(cell.value, cell.attributes);
  }
}

/** Equal for equal attributes, whatever their order. */
export function seriesKey(attributes: Attributes): string {
  return JSON.stringify(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Adds to a series. What is no count (negative, NaN, infinite) is not added. */
export function add(cell: Cell | undefined, amount: number): void {
  if (cell && amount > 0 && amount < Infinity) cell.value += amount;
}
