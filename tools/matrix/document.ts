import { markdownTable } from '../docs/markdown-table.ts';
import type { Cell } from './cell.ts';
import { SECTIONS, type Section } from './sections.ts';

/** `docs/supported-versions.md`: what the cells prove, and nothing else. */
export function documentOf(cells: readonly Cell[]): string {
  const parts = SECTIONS.map((section) => `## ${section.name}\n\n${section.intro}\n\n${tableOf(section, cells)}`);
  return [
    '# Supported versions',
    'Made by `npm run test:matrix`, not by hand. It installs the packed package into empty folders and runs a program for each entry below, which sends real requests to a simulator at a rate at which the bare SDK loses calls. A tick means that none was lost; the same program without tidegate is run beside it, to see that it loses some.',
    ...parts,
  ]
    .join('\n\n')
    .concat('\n');
}

/** The same for the README, one row per table. */
export function shortFormOf(cells: readonly Cell[]): string {
  const rows = SECTIONS.map((section) => {
    const names = [...new Set(placesOf(section, cells).map(({ place }) => place[1]))];
    const supported = names.filter((name) =>
      placesOf(section, cells).some((cell) => cell.place[1] === name && isGuarded(cell)),
    );
    return [section.name, section.range ? `${supported[0]} to ${supported.at(-1)}` : supported.join('; ')];
  });
  return markdownTable([['', 'tried with'], ...rows]);
}

type Placed = Cell & { readonly place: NonNullable<Cell['place']> };

function placesOf(section: Section, cells: readonly Cell[]): readonly Placed[] {
  return cells.filter((cell): cell is Placed => cell.place?.[0] === section.name);
}

const isGuarded = ({ expect }: Cell): boolean => expect === 'guarded' || expect === 'passes';

function tableOf(section: Section, cells: readonly Cell[]): string {
  const placed = placesOf(section, cells);
  const columns = [...new Set(placed.map(({ place }) => place[2]))];
  const rows = [...new Set(placed.map(({ place }) => place[1]))];
  const notes = [...new Set(placed.flatMap(({ note }) => note ?? []))];
  const text = (row: string, column: string): string => {
    const here = placed.filter(({ place }) => place[1] === row && place[2] === column);
    if (here.length === 0) return '';
    const numbers = notes.flatMap((note, at) => (here.some((cell) => cell.note === note) ? `[${at + 1}]` : []));
    return [here.some(isGuarded) ? '✓' : '–', ...numbers].join(' ');
  };
  const table = markdownTable([
    ['', ...columns],
    ...rows.map((row) => [row, ...columns.map((column) => text(row, column))]),
  ]);
  return [table, ...notes.map((note, at) => `[${at + 1}] ${note}`)].join('\n\n');
}
