import type { Cell, Expectation } from './cell.ts';

/** A cell that shows what happens without tidegate; it is not published. */
export function controlOf(cell: Cell, expect: Expectation = 'loses'): Cell {
  const { place: _place, says: _says, note: _note, ...rest } = cell;
  return { ...rest, id: `control: ${cell.id}`, expect };
}
