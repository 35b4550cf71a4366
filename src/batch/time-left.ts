import type { Dimension } from '../core/dimensions.ts';
import type { LaneSnapshot } from '../core/snapshot.ts';
import { Sample, type Interval } from './sample.ts';
import type { ItemMeter } from './call-meter.ts';
import type { ItemUsage } from './result.ts';

/** Seconds until the last item is finished, as an interval, and what decides it. */
export interface BatchEstimate {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** The limit that takes longest to admit what is left; `concurrency` where no limit is known to bind. */
  readonly binds: Dimension;
}

/** Where a run is when it asks. */
export interface RunPlace {
  readonly now: number;
  /** Items that are not finished, and those of them whose worker is at work. */
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

/** Limits change, and others come and go: of so much nobody knows. */
const CHANGES = 0.15;
/** So much more is not known from a single item, and less with the root of their number. */
const FIRST_UNKNOWN = 1;
const MAX_MARKS = 64;
/** Limits take as long to show. */
const MIN_SECONDS = 1;

type Size = 'attempts' | 'inputTokens' | 'outputTokens' | 'tokens';

/** What an item takes of a limit. */
const SIZES: Readonly<Partial<Record<Dimension, Size>>> = {
  requests: 'attempts',
  requests_day: 'attempts',
  input_tokens: 'inputTokens',
  output_tokens: 'outputTokens',
  tokens: 'tokens',
  project_tokens: 'tokens',
  tokens_day: 'tokens',
};

/**
 * How long what is left of a run will take: as long as the slowest of its limits takes to admit it, and the last answer after that. What
 * limits are said to admit and what they lately did are two opinions, and the interval has room for both.
 */
export class TimeLeft {
  readonly #sizes: Readonly<Record<Size, Sample>> = {
    attempts: new Sample(),
    inputTokens: new Sample(),
    outputTokens: new Sample(),
    tokens: new Sample(),
  };
  /** Seconds that an item takes, without its waits for limits. */
  readonly #seconds = new Sample();
  readonly #startedAt: number;
  #marks: Mark[];
  #items = 0;

  constructor(now: number) {
    this.#startedAt = now;
    this.#marks = [{ at: now, items: 0 }];
  }

  /** An item has ended that was called. */
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

  /** Nobody asks for what is farther back than half of the items and of the time. */
  #forgetMarks(half: number): void {
    const kept = this.#marks.findIndex(({ at, items }) => at > half || items > this.#items / 2);
    // Where most are within that, each second one will do.
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
    // The last of them is answered when it is answered.
    const [shortest, longest] = [unsent > 0 ? this.#seconds.min : 0, this.#seconds.nearlyMax];
    const unknown = this.#unknown(place.now, longest);
    const from = Math.min(Math.max(...needs.map((each) => each.from)), lately.from) * (1 - Math.min(1, unknown));
    const to = Math.max(slowest.to, lately.to) * (1 + unknown);
    return { fromSeconds: Math.max(from, shortest), toSeconds: to + longest, binds: slowest.binds };
  }

  /** How far off an estimate may be that is right by all that is known: little was seen of few items, or within an answer's time. */
  #unknown(now: number, answerSeconds: number): number {
    const answers = (now - this.#startedAt) / 1_000 / Math.max(MIN_SECONDS, answerSeconds);
    return CHANGES + FIRST_UNKNOWN / Math.sqrt(this.#items) + FIRST_UNKNOWN / Math.max(1, answers);
  }

  /** What each limit takes to admit what was not sent. What lanes let through adds up. */
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
      // A limit that nobody tells of is one of calls.
      const size = this.#sizes[SIZES[binds] ?? 'attempts'];
      if (size.count === 0) return [];
      const { from, to } = size.total(unsent);
      // A pace that nobody has told grows where it can.
      const least = binds === 'unknown' ? 0 : Math.max(0, from - level) / rate;
      return { binds, from: least, to: Math.max(0, to - level) / rate };
    });
  }

  /** What it takes by the calls that may be at work at once. */
  #together({ left, inFlight, lanes }: RunPlace, queued: number, sent: number): Need {
    // Those that were sent may be about to end.
    const { from } = this.#seconds.total(left - sent);
    const { to } = this.#seconds.total(left);
    // Where some wait for a lane it is full, or held by a limit.
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

  /** By what was let through since about half of the items, and since half of the time: a burst is the half of one only. */
  #lately(now: number, unsent: number): Interval {
    if (unsent === 0) return { from: 0, to: 0 };
    const half = (now + this.#startedAt) / 2;
    const byItems = this.#since(({ items }) => items > this.#items / 2, now, unsent);
    const byTime = this.#since(({ at }) => at > half, now, unsent);
    return { from: Math.min(byItems.from, byTime.from), to: Math.max(byItems.to, byTime.to) };
  }

  /** By what was let through since the last mark that is not `later`. */
  #since(later: (mark: Mark) => boolean, now: number, unsent: number): Interval {
    const next = this.#marks.findIndex(later);
    const mark = this.#marks.at(next === -1 ? -1 : Math.max(0, next - 1))!;
    // One that is about to end counts, so that a standstill is long and not endless.
    const items = Math.max(1, this.#items - mark.items);
    const expected = (unsent * (now - mark.at)) / 1_000 / items;
    const error = 2 * expected * this.#spread * Math.sqrt(1 / items + 1 / unsent);
    return { from: Math.max(0, expected - error), to: expected + error };
  }

  /** How far items differ, as part of their mean. */
  get #spread(): number {
    return Math.max(...Object.values(this.#sizes).map((size) => size.spread));
  }
}
