import type { Clock } from '../core/clock.ts';
import type { AlertWatch } from './alert-watch.ts';
import { Changes } from './changes.ts';
import { bindingOf, Episodes, isHeldUp } from './condition.ts';
import type { HitsFile } from './hits-file.ts';
import { History } from './history.ts';
import { laneStates } from './lane-states.ts';
import { Rates } from './rates.ts';
import type { Reading, Source } from './reading.ts';
import type { BatchState, ConsoleState, LanePoint, Point, SourceState, TierName, Totals } from './state.ts';
import { type AssessedLane, verdictOf } from './verdict.ts';

const MAX_LANES = 40;
/** Maximum number of lanes with a history. */
const MAX_LINES = 24;
const MAX_SHOWN_HITS = 30;

/** Interval of readings; remote sources are read less often while no page is open. */
const EVERY_MS = 2_000;
const UNWATCHED_MS = 4_000;
const WATCHED_FOR_MS = 10_000;

export interface SamplerSettings {
  readonly sources: readonly Source[];
  readonly clock: Clock;
  readonly hitsFile?: HitsFile | undefined;
  readonly alerts?: AlertWatch | undefined;
  /** Whether it keeps the process alive. */
  readonly ref: boolean;
  readonly everyMs?: number | undefined;
}

interface Kept {
  readonly source: Source;
  readonly rates: Rates;
}

/**
 * Reads all sources periodically and keeps the answer for pages as text: the cost does not depend on how many
 * pages ask.
 */
export class Sampler {
  readonly #settings: SamplerSettings;
  readonly #kept: readonly Kept[];
  readonly #history = new History();
  readonly #episodes = new Episodes();
  readonly #changes = new Changes();
  readonly #startedAt: number;
  #state: ConsoleState;
  #text: string;
  #sampledAt: number | undefined;
  #askedAt = -Infinity;
  #usd = 0;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(settings: SamplerSettings) {
    this.#settings = settings;
    this.#kept = settings.sources.map((source) => ({ source, rates: new Rates() }));
    this.#startedAt = settings.clock.wall();
    this.#state = this.#stateOf([], [], [], NONE);
    this.#text = JSON.stringify(this.#state);
  }

  get state(): ConsoleState {
    return this.#state;
  }

  /** Starts sampling. Resolves after the first sample. */
  async start(): Promise<void> {
    await this.sample();
    if (this.#closed) return;
    const { clock, everyMs = EVERY_MS, ref, sources } = this.#settings;
    const watched = clock.now() - this.#askedAt < WATCHED_FOR_MS || sources.every(({ kind }) => kind === 'process');
    this.#cancel = clock.after(watched ? everyMs : Math.max(everyMs, UNWATCHED_MS), () => void this.start(), {
      unref: !ref,
    });
  }

  /** The update for a page that has these points. */
  update(fine: number, coarse: number): string {
    this.#askedAt = this.#settings.clock.now();
    const tier = (name: TierName, has: number): string =>
      `"${name}":{"last":${this.#history.last(name)},"added":${this.#history.after(name, has)}}`;
    return `{"state":${this.#text},"points":{${tier('fine', fine)},${tier('coarse', coarse)}}}`;
  }

  async sample(): Promise<void> {
    const { clock, hitsFile } = this.#settings;
    const [looks] = await Promise.all([Promise.all(this.#kept.map(({ source }) => look(source))), hitsFile?.refresh()]);
    if (this.#closed) return;
    const now = clock.now();
    const point = emptyPoint(clock.wall());
    const totals = { ...NONE };
    const lanes: AssessedLane[] = [];
    const batches: BatchState[] = [];
    const sources: SourceState[] = [];
    for (const [index, reading] of looks.entries()) {
      const { source, rates } = this.#kept[index]!;
      const { name, kind } = source;
      if (typeof reading === 'string') {
        sources.push({ name, kind, problem: reading });
        continue;
      }
      sources.push({ name, kind });
      batches.push(...reading.batches);
      this.#count(rates.add(now, reading.counters), point);
      addRates(totals, rates, reading);
      const called = looks.length > 1 ? name : '';
      const assessed = laneStates(reading, rates, { index, source: called, at: point.t, episodes: this.#episodes });
      for (const { state, reading } of assessed) {
        this.#changes.see(state.key, `${state.provider}/${state.group}`, reading, point.t);
      }
      lanes.push(...assessed);
    }
    for (const { state } of lanes) addLane(totals, state);
    if (totals.usdPerHour !== undefined) totals.usd = this.#usd;
    const keys = new Set(lanes.map(({ state }) => state.key));
    this.#episodes.keep(keys);
    this.#changes.keep(keys);
    const shown = lanes.sort(byNeed).slice(0, MAX_LANES);
    for (const { state } of shown.slice(0, MAX_LINES)) {
      point.lanes[state.key] = [
        rounded(bindingOf(state.limits)?.used),
        state.queued,
        Math.round(state.oldestWaitMs / 100) / 10,
        state.inFlight,
      ];
    }
    if (this.#sampledAt !== undefined) this.#history.add(now - this.#sampledAt, point);
    this.#sampledAt = now;
    this.#state = this.#stateOf(lanes, sources, batches, totals);
    this.#text = JSON.stringify(this.#state);
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    for (const { source } of this.#kept) source.close();
    this.#settings.alerts?.close();
  }

  #count(added: ReturnType<Rates['add']>, point: GrowingPoint): void {
    for (const { kind, by, value } of added) {
      if (kind === 'calls') point.calls += value;
      else if (kind === 'refused') point.refused[by] = (point.refused[by] ?? 0) + value;
      else if (kind === 'retries') point.retries[by] = (point.retries[by] ?? 0) + value;
      else if (kind === 'usd') {
        point.usd = (point.usd ?? 0) + value;
        this.#usd += value;
      }
    }
  }

  #stateOf(
    lanes: readonly AssessedLane[],
    sources: readonly SourceState[],
    batches: readonly BatchState[],
    totals: Totals,
  ): ConsoleState {
    const { clock, hitsFile, alerts } = this.#settings;
    const shown = lanes.slice(0, MAX_LANES).map(({ state }) => state);
    const hits = hitsFile ? hitsFile.hits : this.#kept.flatMap(({ source }) => source.hits());
    return {
      seq: (this.#state?.seq ?? -1) + 1,
      at: clock.wall(),
      startedAt: this.#startedAt,
      sources,
      verdict: verdictOf(lanes, sources),
      totals,
      lanes: shown,
      lanesLeftOut: lanes.length - shown.length,
      batches,
      alerts: alerts?.state,
      hits: hits.slice(0, MAX_SHOWN_HITS),
      hitsProblem: hitsFile?.problem,
      changes: this.#changes.list,
    };
  }
}

type GrowingPoint = { -readonly [K in keyof Point]: Point[K] } & {
  readonly refused: Record<string, number>;
  readonly retries: Record<string, number>;
  readonly lanes: Record<string, LanePoint>;
};

const emptyPoint = (t: number): GrowingPoint => ({ t, calls: 0, refused: {}, retries: {}, usd: null, lanes: {} });

type GrowingTotals = { -readonly [K in keyof Totals]: Totals[K] };

const NONE: Totals = {
  callsPerSecond: 0,
  tokensPerSecond: 0,
  inFlight: 0,
  queued: 0,
  oldestWaitMs: 0,
  refused: 0,
  retried: 0,
};

function addRates(totals: GrowingTotals, rates: Rates, { counters }: Reading): void {
  totals.callsPerSecond += rates.perSecond('calls');
  totals.tokensPerSecond += rates.perSecond('tokens');
  totals.refused += rates.recent('refused');
  totals.retried += rates.recent('retries');
  if (counters.some(({ kind }) => kind === 'usd')) {
    totals.usdPerHour = (totals.usdPerHour ?? 0) + rates.perSecond('usd') * 3600;
  }
}

function addLane(totals: GrowingTotals, lane: AssessedLane['state']): void {
  totals.inFlight += lane.inFlight;
  totals.queued += lane.queued;
  totals.oldestWaitMs = Math.max(totals.oldestWaitMs, lane.oldestWaitMs);
}

/** Delayed lanes first, then by name: rows that jump around cannot be read. */
function byNeed({ state: a }: AssessedLane, { state: b }: AssessedLane): number {
  return (
    Number(isHeldUp(b.condition)) - Number(isHeldUp(a.condition)) ||
    `${a.source}\n${a.provider}\n${a.group}`.localeCompare(`${b.source}\n${b.provider}\n${b.group}`)
  );
}

const rounded = (used: number | undefined): number | null =>
  used === undefined ? null : Math.round(used * 1000) / 1000;

async function look(source: Source): Promise<Reading | string> {
  try {
    return await source.look();
  } catch (error) {
    return (error as Error).message;
  }
}
