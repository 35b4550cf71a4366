import type { Contestant } from './contestants.ts';
import type { Row } from './row.ts';
import type { Scenario } from './http-scenarios.ts';

/** The contestants that most readers know; the picture and the JSON contain all of them. */
export const COLUMNS: readonly (readonly [name: string, head: string])[] = [
  ['sdk-2', 'SDK, 2 retries'],
  ['tutorial-5', 'tutorial, 5 workers'],
  ['bottleneck', 'bottleneck'],
  ['aws-adaptive', 'AWS adaptive'],
  ['tidegate', 'tidegate'],
];

/** The page with the table. */
export const PAGE = 'docs/pacing.md';

const MARKS = /(?<=<!-- pacing -->\n)[^]*?(?=\n<!-- \/pacing -->)/;

/** The page with a new table. */
export function withOverview(page: string, table: string): string {
  if (!MARKS.test(page)) throw new Error(`Expected ${PAGE} to have the comments <!-- pacing --> and <!-- /pacing -->.`);
  return page.replace(MARKS, () => `\n${table}\n`);
}

/** One table for the documentation, in Markdown: calls lost, wall time over the bound, attempts wasted. */
export function overview(
  rows: readonly Row[],
  scenarios: readonly Scenario[],
  contestants: readonly Contestant[],
): string {
  const shown = COLUMNS.filter(([name]) => contestants.some((each) => each.name === name));
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const body = scenarios.map(({ name, words }) => {
    const cells = shown.map(([contestant]) =>
      cell(rows.find((row) => row.scenario === name && row.contestant === contestant)),
    );
    return line([words, ...cells]);
  });
  return [
    line(['lost, wall, wasted', ...shown.map(([, head]) => head)]),
    line(['---', ...shown.map(() => '---:')]),
    ...body,
  ].join('\n');
}

function cell(row: Row | undefined): string {
  if (!row) return '';
  const lost = percent(1 - row.succeeded / row.calls);
  // A contestant that gives up calls finishes early: its time is not comparable.
  const wall = row.succeeded < row.calls && row.unfinished === 0 ? '–' : row.ratio.toFixed(2);
  return `${lost}, ${row.unfinished > 0 ? '> ' : ''}${wall}, ${percent(row.waste)}`;
}

/** Whole per cent; small values are not rounded to 0. */
function percent(share: number): string {
  return share > 0 && share < 0.005 ? '< 1 %' : `${Math.round(100 * share)} %`;
}
