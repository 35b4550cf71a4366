import type { Dashboard, Panel } from './dashboard.ts';

/** A panel in its final position, with the value of its row's repeat variable. */
export interface Placed {
  readonly panel: Panel;
  readonly chosen?: { readonly variable: 'model'; readonly value: string };
}

/** Draws repeated rows once for each value, as Grafana does, and moves the rest down. */
export function repeatRows(panels: readonly Panel[], valuesOf: (variable: 'model') => readonly string[]): Placed[] {
  const placed: Placed[] = [];
  let moved = 0;
  for (const [index, row] of panels.entries()) {
    if (row.type !== 'row') {
      if (!inRepeated(panels, index)) placed.push({ panel: lower(row, moved) });
      continue;
    }
    if (row.repeat === undefined) {
      placed.push({ panel: lower(row, moved) });
      continue;
    }
    const end = panels.findIndex(({ type }, later) => later > index && type === 'row');
    const block = panels.slice(index, end === -1 ? undefined : end);
    const height = Math.max(...block.map(({ gridPos: { y, h } }) => y + h)) - row.gridPos.y;
    const values = valuesOf(row.repeat);
    for (const [copy, value] of values.entries()) {
      const title = row.title.replaceAll(`$${row.repeat}`, value);
      for (const panel of [{ ...row, title }, ...block.slice(1)]) {
        placed.push({ panel: lower(panel, moved + copy * height), chosen: { variable: row.repeat, value } });
      }
    }
    moved += (values.length - 1) * height;
  }
  return placed;
}

function inRepeated(panels: readonly Panel[], index: number): boolean {
  return panels.slice(0, index).findLast(({ type }) => type === 'row')?.repeat !== undefined;
}

function lower(panel: Panel, by: number): Panel {
  return { ...panel, gridPos: { ...panel.gridPos, y: panel.gridPos.y + by } };
}

/** The query for the values of a variable, and their label; undefined for other kinds of variables. */
export function queryOf(dashboard: Dashboard, variable: string): { selector: string; label: string } | undefined {
  const definition = dashboard.templating.list.find(({ name }) => name === variable)?.definition ?? '';
  const [, selector, label] = /^label_values\((.+), ?(\w+)\)$/.exec(definition) ?? [];
  return selector === undefined || label === undefined ? undefined : { selector, label };
}

/** A value escaped for a PromQL matcher, without the quotes. */
export function asPattern(value: string): string {
  return value.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\\$&`);
}
