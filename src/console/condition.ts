import type { LaneReading } from './reading.ts';
import type { Condition, LimitState, Tone } from './state.ts';

/** Share of a limit in use from which calls wait for it. */
const BINDING = 0.9;
const NEAR = 0.8;
/** Share of a minute's calls: fewer failures are noise, which retries absorb. */
const OVERLOADED = 0.1;
/** Waits shorter than this do not count as a queue. */
const MIN_WAIT_MS = 500;

/** Worst first. */
const ORDER: readonly Condition[] = [
  'unreachable',
  'outage',
  'quota',
  'overloaded',
  'paused',
  'limited',
  'crowded',
  'waiting',
  'refused',
  'near',
  'free',
  'idle',
];

const TONES: Readonly<Record<Condition, Tone>> = {
  unreachable: 'bad',
  outage: 'bad',
  quota: 'bad',
  overloaded: 'warn',
  paused: 'warn',
  limited: 'warn',
  crowded: 'warn',
  waiting: 'warn',
  refused: 'note',
  near: 'note',
  free: 'ok',
  idle: 'quiet',
};

export const toneOf = (condition: Condition): Tone => TONES[condition];

/** Lower is worse. */
export const rankOf = (condition: Condition): number => ORDER.indexOf(condition);

/** Whether the condition is an episode with a start time. */
export const isLimited = (condition: Condition): boolean => rankOf(condition) < rankOf('near');

/** Whether it delays calls now. */
export const isHeldUp = (condition: Condition): boolean => rankOf(condition) < rankOf('refused');

/** The limit used most; undefined if none is counted. */
export function bindingOf(limits: readonly LimitState[]): LimitState | undefined {
  return limits
    .filter(({ used }) => used !== undefined)
    .reduce<LimitState | undefined>((a, b) => (a && a.used! >= b.used! ? a : b), undefined);
}

export interface Recent {
  /** Refusals within the last minute. */
  readonly refused: Readonly<Record<string, number>>;
  readonly callsPerSecond: number;
}

/** The condition of a lane. */
export function conditionOf(lane: LaneReading, { refused, callsPerSecond }: Recent): Condition {
  const used = bindingOf(lane.limits)?.used ?? 0;
  if (lane.circuit === 'open' || lane.circuit === 'half_open') return 'outage';
  if ((refused['quota'] ?? 0) > 0) return 'quota';
  const noRoom = (refused['overloaded'] ?? 0) + (refused['no_capacity'] ?? 0);
  const isMost = noRoom * 2 >= Object.values(refused).reduce((a, b) => a + b, 0);
  if (noRoom > callsPerSecond * 60 * OVERLOADED && isMost) return 'overloaded';
  const waits = lane.queued > 0 && lane.oldestWaitMs >= MIN_WAIT_MS;
  // An exhausted limit pauses its lane intermittently.
  if (waits && used >= BINDING) return 'limited';
  if (lane.pausedForMs > 0) return 'paused';
  if (waits) {
    if (lane.maxConcurrent !== undefined && lane.inFlight >= lane.maxConcurrent) return 'crowded';
    return Object.keys(refused).length > 0 ? 'limited' : 'waiting';
  }
  if (Object.keys(refused).length > 0) return 'refused';
  if (used >= NEAR) return 'near';
  return callsPerSecond > 0 || lane.inFlight > 0 ? 'free' : 'idle';
}

/** The limit that calls wait for: the one with the most recent refusals, else the one used most. */
export function causeOf(limits: readonly LimitState[], refused: Readonly<Record<string, number>>): string | undefined {
  const binding = bindingOf(limits);
  if (binding && binding.used! >= BINDING) return binding.dimension;
  const [most] = Object.entries(refused).sort(([, a], [, b]) => b - a);
  return most?.[0] ?? binding?.dimension;
}

/** Shorter gaps do not end an episode: delays may be intermittent. */
const GAP_MS = 15_000;

/** Start times of the lanes' episodes. */
export class Episodes {
  readonly #known = new Map<string, { readonly since: number; last: number }>();

  /** @returns When the lane's episode began, on the clock of `now`; undefined if it has none. */
  see(key: string, condition: Condition, at: number): number | undefined {
    const known = this.#known.get(key);
    if (isLimited(condition)) {
      if (known) known.last = at;
      else this.#known.set(key, { since: at, last: at });
      return known?.since ?? at;
    }
    if (known && at - known.last > GAP_MS) this.#known.delete(key);
    return undefined;
  }

  keep(keys: ReadonlySet<string>): void {
    for (const key of this.#known.keys()) if (!keys.has(key)) this.#known.delete(key);
  }
}
