import { conditionOf, type Episodes, toneOf } from './condition.ts';
import type { Rates } from './rates.ts';
import type { LaneReading, Reading } from './reading.ts';
import type { AssessedLane } from './verdict.ts';

interface Place {
  /** Number of the source. */
  readonly index: number;
  /** Its name on the page; empty if there is only one. */
  readonly source: string;
  readonly at: number;
  readonly episodes: Episodes;
}

/** The lanes of a reading, with their rates and conditions. */
export function laneStates(reading: Reading, rates: Rates, { index, source, at, episodes }: Place): AssessedLane[] {
  const seen = new Map<string, number>();
  const costs = new Set(reading.counters.flatMap(({ kind, label }) => (kind === 'usd' ? [label] : [])));
  return reading.lanes.map((lane) => {
    // Two accounts of one provider have lanes of the same name, and events name no account: the first lane gets the rates.
    const copy = (seen.get(lane.label) ?? 0) + 1;
    seen.set(lane.label, copy);
    const label = copy === 1 ? lane.label : '';
    const key = [index, lane.label, copy].join(' ');
    const refused = rates.recentBy('refused', label);
    const callsPerSecond = rates.perSecond('calls', label);
    const condition = conditionOf(lane, { refused, callsPerSecond });
    return {
      reading: lane,
      state: {
        key,
        ...shownOf(lane, copy),
        source,
        condition,
        tone: toneOf(condition),
        since: episodes.see(key, condition, at),
        callsPerSecond,
        tokensPerSecond: rates.perSecond('tokens', label),
        refused,
        retried: Object.values(rates.recentBy('retries', label)).reduce((a, b) => a + b, 0),
        usdPerHour: costs.has(label) ? rates.perSecond('usd', label) * 3600 : undefined,
      },
    };
  });
}

type Shown = Omit<LaneReading, 'label' | 'busiestShare'>;

function shownOf(lane: LaneReading, copy: number): Shown {
  const { provider, group, limits, inFlight, maxConcurrent, queued, maxQueued, oldestWaitMs, pausedForMs, circuit } =
    lane;
  return {
    provider,
    group: copy === 1 ? group : `${group} (${copy})`,
    limits,
    inFlight,
    maxConcurrent,
    queued,
    maxQueued,
    oldestWaitMs,
    pausedForMs,
    circuit,
    fleet: lane.fleet,
  };
}
