import type { Attributes, Counter } from '@opentelemetry/api';

/** One series of a counter. */
export interface Cell {
  readonly tally: Tally;
  readonly counter: Counter;
  readonly attributes: Attributes;
  /** Counted but not yet added to the counter. */
  pending: number;
}

/** Maximum number of pending additions, for a meter that never collects. */
const MAX_PENDING = 500;

/**
 * Counts since the last collection. The SDK hashes the attributes of every addition, a microsecond
 * each, and a call makes six, so they are summed here and handed over when the meter collects.
 */
export class Tally {
  readonly #cells: Cell[] = [];
  #pending = 0;

  add(cell: Cell, amount: number): void {
    if (cell.pending === 0) this.#cells.push(cell);
    cell.pending += amount;
    if (++this.#pending >= MAX_PENDING) this.flush();
  }

  flush(): void {
    this.#pending = 0;
    for (const cell of this.#cells.splice(0)) {
      const amount = cell.pending;
      cell.pending = 0;
      cell.counter.add(amount, cell.attributes);
    }
  }
}

// The SDK folds everything beyond 2,000 series of an instrument into one. Zero series stop below that,
// so that they never push a real one out.
const MAX_ZERO_SERIES = 1_500;

/**
 * The series of one counter. Not an observable counter: that would report its own sums,
 * which overwrite one another if two copies of the package report, or if a view drops attributes.
 */
export class CounterCells<L extends Attributes = Attributes> {
  readonly #counter: Counter;
  readonly #tally: Tally;
  readonly #cells = new Map<string, Cell>();

  constructor(counter: Counter, tally: Tally) {
    this.#counter = counter;
    this.#tally = tally;
  }

  /** The series with these attributes, created and exported from now on. */
  cell(attributes: L): Cell {
    const key = seriesKey(attributes);
    let cell = this.#cells.get(key);
    if (!cell) {
      this.#cells.set(key, (cell = { tally: this.#tally, counter: this.#counter, attributes, pending: 0 }));
      this.#counter.add(0, attributes);
    }
    return cell;
  }

  /** Whether further zero series may be created. */
  get roomForZeros(): boolean {
    return this.#cells.size < MAX_ZERO_SERIES;
  }
}

/** Equal for equal attributes, whatever their order. */
export function seriesKey(attributes: Attributes): string {
  return JSON.stringify(sortedEntries(attributes));
}

/** The attributes in the order of OpenTelemetry's SDK, which makes its sorting cheaper. */
export function inOrder<L extends Attributes>(attributes: L): L {
  return Object.freeze(Object.fromEntries(sortedEntries(attributes))) as L;
}

function sortedEntries(attributes: Attributes): [string, Attributes[string]][] {
  return Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Adds to a series, ignoring negative, NaN and infinite values. */
export function add(cell: Cell | undefined, amount: number): void {
  if (cell && amount > 0 && amount < Infinity) cell.tally.add(cell, amount);
}
