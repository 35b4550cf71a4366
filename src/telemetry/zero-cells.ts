import type { Attributes } from '@opentelemetry/api';
import type { Cell, CounterCells } from './counter-cells.ts';

export type Cells = ReadonlyMap<string, Cell>;

/** Series by the value of one more label. Those of `first` start at zero if there is room, others when they count. */
export function zeroCells<L extends Attributes, T extends string>(
  counter: CounterCells<L>,
  labels: (value: T) => L,
  values: readonly T[],
  first: readonly T[] = values,
): Cells {
  const cells = new LazyCells((value) => counter.cell(labels(value)), values);
  if (counter.roomForZeros) for (const value of first) cells.get(value);
  return cells;
}

/** Creates a series of a known value when it is asked for first. */
class LazyCells<T extends string> extends Map<string, Cell> {
  readonly #create: (value: T) => Cell;
  readonly #allowed: ReadonlySet<string>;

  constructor(create: (value: T) => Cell, allowed: readonly T[]) {
    super();
    this.#create = create;
    this.#allowed = new Set<string>(allowed);
  }

  override get(value: string): Cell | undefined {
    let cell = super.get(value);
    if (!cell && this.#allowed.has(value)) this.set(value, (cell = this.#create(value as T)));
    return cell;
  }
}
