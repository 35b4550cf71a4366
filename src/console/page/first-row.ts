import type { ConsoleState, Point, Tone } from '../state.ts';
import { duration, number, rate, short, usd } from '../format.ts';
import { byId, el, setAttribute, setText, spark } from './dom.ts';
import { since } from './time.ts';

/** State is never shown by colour alone. */
const MARKS: Readonly<Record<Tone, string>> = { bad: '!', warn: '▲', note: '◆', ok: '✓', quiet: '–' };

/** Screen readers announce changes, not every sample. */
const ANNOUNCE_EVERY_MS = 10_000;

let announced = '';
let announcedAt = -Infinity;

/** The summary: are we limited, by what, whose limit is it, since when, what to do. */
export function showVerdict({ verdict, at, alerts }: ConsoleState): void {
  setAttribute(byId('verdict'), 'data-tone', verdict.tone);
  setText(byId('verdict-mark'), MARKS[verdict.tone]);
  const others = verdict.others === 0 ? '' : `, and ${verdict.others} more ${verdict.others === 1 ? 'lane' : 'lanes'}`;
  setText(byId('title'), verdict.title + others);
  setText(byId('by-what'), verdict.byWhat);
  setText(byId('whose'), verdict.whose);
  setText(byId('since'), verdict.since === undefined ? '–' : since(verdict.since, at));
  setText(byId('now'), verdict.now);
  const title = `${MARKS[verdict.tone]} ${verdict.title} · tidegate`;
  if (document.title !== title) document.title = title;
  const firing = alerts?.firing.length ?? 0;
  const message = `${verdict.title}${others}${firing > 0 ? `. ${firing} firing` : ''}`;
  if (message === announced || performance.now() - announcedAt < ANNOUNCE_EVERY_MS) return;
  announced = message;
  announcedAt = performance.now();
  setText(byId('announce'), message);
}

interface Tile {
  readonly name: string;
  readonly value: (state: ConsoleState) => string | undefined;
  readonly more?: (state: ConsoleState) => string;
  readonly line: (point: Point) => number;
}

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0);
const overLanes = (point: Point, index: 1 | 3): number =>
  Object.values(point.lanes).reduce((all, lane) => all + lane[index], 0);

const TILES: readonly Tile[] = [
  { name: 'Calls per second', value: ({ totals }) => rate(totals.callsPerSecond), line: ({ calls }) => calls },
  {
    name: 'In flight',
    value: ({ totals }) => number(totals.inFlight),
    more: ({ totals }) => `${short(Math.round(totals.tokensPerSecond))} tokens/s`,
    line: (point) => overLanes(point, 3),
  },
  {
    name: 'Waiting',
    value: ({ totals }) => number(totals.queued),
    more: ({ totals }) => (totals.queued > 0 ? `oldest ${duration(totals.oldestWaitMs)}` : 'none waiting'),
    line: (point) => overLanes(point, 1),
  },
  {
    name: 'Refused',
    value: ({ totals }) => number(totals.refused),
    more: () => 'last minute',
    line: ({ refused }) => sum(refused),
  },
  {
    name: 'Sent again',
    value: ({ totals }) => number(totals.retried),
    more: () => 'last minute',
    line: ({ retries }) => sum(retries),
  },
  {
    name: 'Cost',
    value: ({ totals }) => (totals.usdPerHour === undefined ? undefined : `${usd(totals.usdPerHour)}/h`),
    more: ({ totals }) => `${usd(totals.usd ?? 0)} so far`,
    line: ({ usd }) => usd ?? 0,
  },
];

const tiles = TILES.map((tile) => {
  const [value, more, line] = [el('dd', { class: 'value' }), el('dd', { class: 'more' }), spark()];
  const element = el('div', {}, el('dt', {}, tile.name), value, more);
  // A `dl` may contain nothing else.
  more.append(el('span'), line.element);
  return { tile, element, value, more: more.firstElementChild!, line };
});

export function showTotals(state: ConsoleState, points: readonly Point[]): void {
  const parent = byId('totals');
  if (parent.childElementCount === 0) parent.append(...tiles.map(({ element }) => element));
  for (const { tile, element, value, more, line } of tiles) {
    const shown = tile.value(state);
    element.hidden = shown === undefined;
    if (shown === undefined) continue;
    setText(value, shown);
    setText(more, tile.more?.(state) ?? '');
    line.draw(points.map(tile.line));
  }
}
