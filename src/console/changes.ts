import type { LaneReading } from './reading.ts';
import type { Change, Tone } from './state.ts';
import { noun, number } from './format.ts';

const MAX_CHANGES = 60;
/** What is learned of a limit moves by little all the time. */
const MIN_CHANGE = 0.02;

/** Changes between two readings, derived from the lanes alone, so that every source works alike. */
export class Changes {
  readonly #list: Change[] = [];
  readonly #before = new Map<string, LaneReading>();

  /** The newest first. */
  get list(): readonly Change[] {
    return this.#list;
  }

  /** @param name how the lane is called on the page */
  see(key: string, name: string, lane: LaneReading, at: number): void {
    const before = this.#before.get(key);
    this.#before.set(key, lane);
    // A lane that is down when it is seen first is news.
    for (const [tone, text] of before ? changesOf(before, lane) : firstOf(lane)) {
      this.#list.unshift({ at, lane: name, tone, text });
      if (this.#list.length > MAX_CHANGES) this.#list.pop();
    }
  }

  keep(keys: ReadonlySet<string>): void {
    for (const key of this.#before.keys()) if (!keys.has(key)) this.#before.delete(key);
  }
}

function* firstOf({ circuit }: LaneReading): Generator<readonly [Tone, string]> {
  if (circuit === 'open' || circuit === 'half_open') yield ['bad', `circuit ${circuit.replaceAll('_', ' ')}`];
}

function* changesOf(before: LaneReading, lane: LaneReading): Generator<readonly [Tone, string]> {
  if (before.circuit !== lane.circuit && lane.circuit !== '') {
    const open = lane.circuit !== 'closed';
    yield [open ? 'bad' : 'ok', `circuit ${lane.circuit.replaceAll('_', ' ')}`];
  }
  if (before.pausedForMs <= 0 && lane.pausedForMs > 0) yield ['warn', 'paused by the provider'];
  if (before.fleet && lane.fleet && before.fleet.mode !== lane.fleet.mode) {
    const shared = lane.fleet.mode === 'shared';
    yield [shared ? 'ok' : 'warn', shared ? 'shares its limits again' : `limits: ${lane.fleet.mode}`];
  }
  for (const limit of lane.limits) {
    const old = before.limits.find(({ dimension }) => dimension === limit.dimension);
    const what = noun(limit.dimension);
    if (!old) {
      yield ['quiet', `${what}: ${number(limit.limit)}`];
      continue;
    }
    if (Math.abs(old.limit - limit.limit) > old.limit * MIN_CHANGE) {
      const less = limit.limit < old.limit;
      yield [less ? 'warn' : 'ok', `${what}: ${number(old.limit)} → ${number(limit.limit)}`];
    }
    for (const { belief } of limit.beliefs) {
      if (!old.beliefs.some((each) => each.belief === belief))
        yield ['note', `${what}: believed ${belief.replaceAll('_', ' ')}`];
    }
    for (const { belief } of old.beliefs) {
      if (!limit.beliefs.some((each) => each.belief === belief)) {
        yield ['quiet', `${what}: no longer believed ${belief.replaceAll('_', ' ')}`];
      }
    }
  }
}
