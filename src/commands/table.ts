import Table from 'cli-table3';

type Align = 'left' | 'right';

interface TableSettings {
  readonly head?: readonly string[];
  /** Alignment of each column; default: left. */
  readonly align?: readonly Align[];
  /** Draws lines around and between cells; default: only spaces. */
  readonly lines?: boolean;
}

/** Rows as a table, without colours. */
export function tableText(rows: readonly (readonly string[])[], settings: TableSettings = {}): string {
  const { head, align, lines = false } = settings;
  const table = new Table({
    ...(head && { head: [...head] }),
    ...(align && { colAligns: [...align] }),
    style: { head: [], border: [], compact: true, ...(!lines && { 'padding-left': 0, 'padding-right': 2 }) },
    ...(!lines && { chars: NO_LINES }),
  });
  for (const row of rows) table.push([...row]);
  const text = table.toString();
  return lines ? text : text.replaceAll(/ +$/gm, '');
}

const NO_LINES = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right', 'left', 'left-mid']
    .concat(['mid', 'mid-mid', 'right', 'right-mid', 'middle'])
    .map((name) => [name, '']),
);
