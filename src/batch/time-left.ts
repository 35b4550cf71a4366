import { type Dimension, isBucket, LIMIT_KINDS } from '../core/dimensions.ts';
import type { LaneSnapshot } from '../core/snapshot.ts';
import { Sample, type Interval } from './sample.ts';
import type { ItemMeter } from './call-meter.ts';
import type { ItemUsage } from './result.ts';

/** Seconds until the last item is finished, as an interval, and the limit that determines it. */
export interface BatchEstimate {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** The limit that takes longest to admit the items left; `concurrency` if no other limit is known to bind. */
  readonly binds: Dimension;
}

/** State of a run at the time of an estimate. */
export interface RunPlace {
  readonly now: number;
  /** Unfinished items, and those of them whose worker is running. */
  readonly left: number;
  readonly inFlight: number;
  readonly lanes: readonly LaneSnapshot[];
}

interface Mark {
  readonly at: number;
  readonly items: number;
}

interface Need extends Interval {
  readonly binds: Dimension;
}

/** Relative uncertainty that never goes away: limits change, and so does other traffic of the account. */
const CHANGES = 0.15;
/** Further relative uncertainty after a single item; falls with the square root of their number. */
const FIRST_UNKNOWN = 1;
const MAX_MARKS = 64;
/** Floor for the answer time: a limit, too, takes about this long to show its effect. */
const MIN_SECONDS = 1;

type Size = 'attempts' | 'inputTokens' | 'outputTokens' | 'tokens';

/** The size of an item that counts towards a limit. A limit of anything else counts as one of requests. */
function sizeFor(dimension: Dimension): Size {
  const unit = isBucket(dimension) ? LIMIT_KINDS[dimension].unit : 'requests';
  return unit === 'requests' ? 'attempts' : unit;
}

/**
 * Estimates how long the rest of a run will take: as long as its slowest limit needs to admit it, plus the last answer.
 * The interval covers both what the limits should admit and what they admitted recently.
 */
export class TimeLeft {
  readonly #sizes: Readonly<Record<Size, Sample>> = {
    attempts: new Sample(),
    inputTokens: new Sample(),
    outputTokens: new Sample(),
    tokens: new Sample(),
  };
  /** Seconds per item, without its waits for limits. */
  readonly #seconds = new Sample();
  readonly #startedAt: number;
  #marks: Mark[];
  #items = 0;

  constructor(now: number) {
    this.#startedAt = now;
    this.#marks = [{ at: now, items: 0 }];
  }

  /** A called item has ended. */
  ended({ attempts, usage, waitedMs }: ItemMeter, durationMs: number, now: number): void {
    this.#items++;
    this.#sizes.attempts.add(Math.max(1, attempts));
    if (usage) this.#used(usage);
    this.#seconds.add(Math.max(0, durationMs - waitedMs) / 1_000);
    const last = this.#marks.at(-1)!;
    if (this.#items - last.items < this.#items / MAX_MARKS) return;
    this.#marks.push({ at: now, items: this.#items });
    if (this.#marks.length > 2 * MAX_MARKS) this.#forgetMarks((now + this.#startedAt) / 2);
  }

  /** Marks older than both half of the items and half of the time are never used. */
  #forgetMarks(half: number): void {
    const kept = this.#marks.findIndex(({ at, items }) => at > half || items > this.#items / 2);
    // If most marks are newer than that, every second one is enough.
    if (kept > MAX_MARKS / 4) this.#marks.splice(0, kept - 1);
    else this.#marks = this.#marks.filter((_, index) => index % 2 === 0);
  }

  #used(usage: ItemUsage): void {
    this.#sizes.inputTokens.add(usage.inputTokens);
    this.#sizes.outputTokens.add(usage.outputTokens);
    this.#sizes.tokens.add(usage.inputTokens + usage.outputTokens);
  }

  /** Undefined before anything is known. */
  estimate(place: RunPlace): BatchEstimate | undefined {
    const { left } = place;
    if (left <= 0) return { fromSeconds: 0, toSeconds: 0, binds: 'concurrency' };
    if (this.#items === 0) return undefined;
    const queued = place.lanes.reduce((sum, lane) => sum + lane.queued, 0);
    const sent = Math.max(0, place.inFlight - queued);
    const unsent = Math.max(0, left - sent);
    const together = this.#together(place, queued, sent);
    const needs = [...this.#limits(place.lanes, unsent), together];
    const slowest = needs.reduce((a, b) => (b.to > a.to ? b : a));
    const lately = this.#lately(place.now, unsent);
    // The last item still takes a full answer time.
    const [shortest, longest] = [unsent > 0 ? this.#seconds.min : 0, this.#seconds.nearlyMax];
    const unknown = this.#unknown(place.now, longest);
    const from = Math.min(Math.max(...needs.map((each) => each.from)), lately.from) * (1 - Math.min(1, unknown));
    const to = Math.max(slowest.to, lately.to) * (1 + unknown);
    return { fromSeconds: Math.max(from, shortest), toSeconds: to + longest, binds: slowest.binds };
  }

  /** Relative error due to a small sample: few items, or little more than one answer time of observation. */
  #unknown(now: number, answerSeconds: number): number {
    const answers = (now - this.#startedAt) / 1_000 / Math.max(MIN_SECONDS, answerSeconds);
    return CHANGES + FIRST_UNKNOWN / Math.sqrt(this.#items) + FIRST_UNKNOWN / Math.max(1, answers);
  }

  /** Time that each limit needs to admit the unsent items. The rates of all lanes add up. */
  #limits(lanes: readonly LaneSnapshot[], unsent: number): Need[] {
    const limits = new Map<Dimension, { rate: number; level: number }>();
    for (const { dimensions } of lanes) {
      for (const { dimension, limit, remaining, atOnce, ratePerSecond } of dimensions) {
        if (ratePerSecond === undefined || !(ratePerSecond > 0)) continue;
        const of = limits.get(dimension) ?? { rate: 0, level: 0 };
        of.rate += ratePerSecond;
        if (remaining !== undefined && atOnce !== undefined) of.level += Math.max(0, remaining - limit + atOnce);
        limits.set(dimension, of);
      }
    }
    return [...limits].flatMap(([binds, { rate, level }]) => {
      const size = this.#sizes[sizeFor(binds)];
      if (size.count === 0) return [];
      const { from, to } = size.total(unsent);
      // A pace that was inferred may still rise, so it gives no lower bound.
      const least = binds === 'unknown' ? 0 : Math.max(0, from - level) / rate;
      return { binds, from: least, to: Math.max(0, to - level) / rate };
    });
  }

  /** Time that the items need at the maximum concurrency. */
  #together({ left, inFlight, lanes }: RunPlace, queued: number, sent: number): Need {
    // The items already sent may be about to finish.
    const { from } = this.#seconds.total(left - sent);
    const { to } = this.#seconds.total(left);
    // A lane with a queue is full, or held by a limit.
    const caps = lanes.map(({ maxConcurrent, dimensions }) =>
      Math.min(maxConcurrent, dimensions.find(({ dimension }) => dimension === 'concurrency')?.limit ?? Infinity),
    );
    const most =
      queued > 0
        ? Math.max(
            sent,
            caps.reduce((sum, cap) => sum + cap, 0),
          )
        : inFlight;
    const places = Math.min(left, Math.max(1, most));
    return { binds: 'concurrency', from: from / places, to: to / places };
  }

  /** Projects from the second half of the items and of the elapsed time: a burst can dominate only one of them. */
  #lately(now: number, unsent: number): Interval {
    if (unsent === 0) return { from: 0, to: 0 };
    const half = (now + this.#startedAt) / 2;
    const byItems = this.#since(({ items }) => items > this.#items / 2, now, unsent);
    const byTime = this.#since(({ at }) => at > half, now, unsent);
    return { from: Math.min(byItems.from, byTime.from), to: Math.max(byItems.to, byTime.to) };
  }

  /** Projects from what was admitted since the last mark that is not `later`. */
  #since(later: (mark: Mark) => boolean, now: number, unsent: number): Interval {
    const next = this.#marks.findIndex(later);
    const mark = this.#marks.at(next === -1 ? -1 : Math.max(0, next - 1))!;
    // Counts at least one item, so that a standstill gives a long estimate and not an infinite one.
    const items = Math.max(1, this.#items - mark.items);
    const expected = (unsent * (now - mark.at)) / 1_000 / items;
    const error = 2 * expected * this.#spread * Math.sqrt(1 / items + 1 / unsent);
    return { from: Math.max(0, expected - error), to: expected + error };
  }

  /** How much the items differ, as a fraction of their mean. */
  get #spread(): number {
    return Math.max(...Object.values(this.#sizes).map((size) => size.spread));
  }
}
