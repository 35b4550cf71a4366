import uPlot from 'uplot';
import type { ConsoleState, Point, TierName } from '../state.ts';
import { TIERS } from '../state.ts';
import { noun, rate, usd } from '../format.ts';
import { Chart, type Line } from './chart.ts';
import { kindsOf, ofLane } from './points.ts';

/** Maximum number of lines: as many as are distinguishable. */
const MAX_LINES = 8;
/** Counts: no fractions on the axis. */
const MIN_COUNT = 4;
/** Smaller axes would jump. */
const MIN_SECONDS = 120;
const seconds = (value: number): string => (value < 120 ? `${Math.round(value)} s` : `${Math.round(value / 60)} min`);
const share = (value: number): string => `${Math.round(value * 100)} %`;

/** The charts of the page: a line for each lane, bars by kind. */
export class Charts {
  readonly #charts: Readonly<Record<'used' | 'queued' | 'wait' | 'refused' | 'retries' | 'last', Chart>>;
  /** The colour of a lane, or of a kind, stays the same. */
  readonly #colours = new Map<string, number>();

  constructor(parent: Element) {
    const sync = uPlot.sync('time');
    const lines = (title: string, format: (value: number) => string, more: { least: number; mark?: number }): Chart =>
      new Chart({ title, kind: 'lines', format, sync, ...more });
    const bars = (title: string): Chart => new Chart({ title, kind: 'bars', format: rate, sync, least: MIN_COUNT });
    this.#charts = {
      used: lines('Limit in use', share, { least: 1, mark: 1 }),
      queued: lines('Calls waiting', rate, { least: MIN_COUNT }),
      wait: lines('Oldest wait', seconds, { least: MIN_COUNT }),
      refused: bars('Refusals'),
      retries: bars('Sent again'),
      last: bars('Calls'),
    };
    parent.append(...Object.values(this.#charts).map(({ element }) => element));
  }

  update(state: ConsoleState, points: readonly Point[], tier: TierName): void {
    const lanes = state.lanes.slice(0, MAX_LINES);
    const lines = (index: 0 | 1 | 2): Line[] =>
      lanes.map(({ key, provider, group }) => ({
        name: `${provider}/${group}`,
        colour: this.#colour(`lane ${key}`),
        values: ofLane(points, key, index),
      }));
    const bars = (counts: 'refused' | 'retries'): Line[] =>
      kindsOf(points, counts)
        .slice(0, MAX_LINES)
        .map((kind) => ({
          name: noun(kind),
          colour: this.#colour(`${counts} ${kind}`),
          values: points.map((point) => point[counts][kind] ?? 0),
        }));
    const { used, queued, wait, refused, retries, last } = this.#charts;
    const times = points.map(({ t }) => t / 1000);
    const each = tier === 'fine' ? `per ${TIERS.fine.seconds} s` : 'per minute';
    const most = TIERS[tier].seconds * TIERS[tier].most;
    const known = Math.max(MIN_SECONDS, (state.at - state.startedAt) / 1000);
    const window = { to: state.at / 1000, seconds: Math.min(most, known) };
    const left = state.lanes.length - lanes.length;
    const unit = left > 0 ? `peaks of ${lanes.length} lanes, ${left} more are not drawn` : 'peaks, by lane';
    used.update({ times, lines: lines(0), unit, window });
    queued.update({ times, lines: lines(1), unit, window });
    wait.update({ times, lines: lines(2), unit, window });
    refused.update({ times, lines: bars('refused'), unit: `by limit, ${each}`, window });
    retries.update({ times, lines: bars('retries'), unit: `by reason, ${each}`, window });
    const priced = state.totals.usdPerHour !== undefined;
    last.rename(priced ? 'Cost' : 'Calls', priced ? usd : rate, priced ? 0 : MIN_COUNT);
    const value = (point: Point): number => (priced ? (point.usd ?? 0) : point.calls);
    const line = { name: priced ? 'USD' : 'calls that ended', colour: priced ? 2 : 0, values: points.map(value) };
    last.update({ times, lines: [line], unit: each, window });
  }

  /** Call when the colours have changed. */
  recolour(): void {
    for (const chart of Object.values(this.#charts)) chart.recolour();
  }

  #colour(key: string): number {
    let colour = this.#colours.get(key);
    if (colour === undefined) {
      // Lanes come and go for as long as the page is open.
      if (this.#colours.size > 200) this.#colours.clear();
      const [start] = key.split(' ', 1);
      colour = [...this.#colours.keys()].filter((each) => each.startsWith(start!)).length % MAX_LINES;
      this.#colours.set(key, colour);
    }
    return colour;
  }
}
