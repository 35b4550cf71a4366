import type { LaneState, ProcessState } from './lane-state.ts';
import { rateOf } from './levels.ts';
import { OFTEN_MS } from './news.ts';
import type { Report } from './fleet-store.ts';
import { CROWD, turnMs } from './turn-time.ts';
import { countClasses } from './classes.ts';

/** Number of least served processes considered: their needs are reserved before others get anything. */
export const LOOK = 32;

export interface Ahead {
  /** Sum of the needs of processes served less. */
  readonly ahead: Record<string, number>;
  readonly all: Record<string, number>;
  /** What the others get until our next turn. */
  readonly turns: Record<string, number>;
  /** Number of waiting processes beyond those looked at. */
  readonly beyond: number;
}

/** Needs of the processes that wait and are present. */
export function aheadOf(lane: LaneState, self: string, tag: number, slack: number, now: number): Ahead {
  const ahead: Record<string, number> = {};
  const all: Record<string, number> = {};
  const turns: Record<string, number> = {};
  let before = 0;
  let there = 0;
  let first = true;
  const isCrowd = lane.waiting.length > CROWD;
  const time = isCrowd ? turnMs(lane.waiting.length) : 0;
  for (const id of lane.waiting.slice(0, LOOK)) {
    const other = lane.processes.get(id)!;
    if (id === self) first = false;
    // A process served much less is waited for even if it has not been refused.
    if (id === self || (other.waitsUntil < now && other.tag + slack >= tag)) continue;
    const goesFirst = isCrowd ? first : other.tag < tag;
    if (goesFirst) before++;
    const owed = Math.max(0, tag - other.tag - slack) * other.weight;
    there++;
    for (const [name, need] of Object.entries(other.need)) {
      const limit = lane.limits.get(name);
      const want = other.want[name] ?? 0;
      const due = Math.max(need, Math.min(want, owed * (limit?.limit ?? 0)));
      const turn = Math.max(due, Math.min(want, limit ? time * rateOf(limit) : 0));
      all[name] = (all[name] ?? 0) + due;
      turns[name] = (turns[name] ?? 0) + turn;
      if (goesFirst) ahead[name] = (ahead[name] ?? 0) + turn;
    }
  }
  const rank = before < LOOK ? 0 : lane.waiting.indexOf(self);
  const many = Math.max(0, lane.waiting.length - LOOK);
  for (const name of Object.keys(turns)) turns[name]! *= 1 + (there === 0 ? 0 : many / LOOK);
  return { ahead, all, turns, beyond: Math.max(0, rank - LOOK) };
}

/** In a large fleet, a process without new calls keeps no reserve while others wait: it would lie idle. */
export function wantsLess(lane: LaneState, report: Report): Report {
  const others = lane.waiting.length - Number(lane.processes.get(report.process)?.waits ?? false);
  if ((report.renewMs ?? 0) <= OFTEN_MS || others <= 0) return report;
  const limits = report.limits.map((told) => ({
    ...told,
    want: told.rest === undefined ? told.want : Math.min(told.want, Math.max(told.need, told.rest)),
  }));
  return { ...report, limits };
}

/**
 * Adds a process to those whose calls wait, or removes it. A process that only keeps a reserve for future calls is owed
 * nothing and delays no one.
 */
export function join(
  lane: LaneState,
  { process: id, weight, classes = { [weight]: weight } }: Report,
  process: ProcessState,
  wants: boolean,
  waits: boolean,
): void {
  if (process.waits) lane.waiting.splice(lane.waiting.indexOf(id), 1);
  else process.tag = Math.max(process.tag, lane.virtual);
  lane.wanting += Number(wants) - Number(process.active);
  process.active = wants;
  process.waits = waits;
  countClasses(lane, process, waits ? classes : {});
  if (!waits) return;
  insert(lane, id, process.tag);
  lane.virtual = Math.max(lane.virtual, lane.processes.get(lane.waiting[0]!)!.tag);
}

export function moveTo(lane: LaneState, id: string, tag: number): void {
  lane.waiting.splice(lane.waiting.indexOf(id), 1);
  insert(lane, id, tag);
}

/** Orders processes with equal service by id, as a sorted set of Redis does. */
function insert(lane: LaneState, id: string, tag: number): void {
  let from = 0;
  let to = lane.waiting.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    const other = lane.waiting[middle]!;
    const its = lane.processes.get(other)!.tag;
    if (its < tag || (its === tag && other < id)) from = middle + 1;
    else to = middle;
  }
  lane.waiting.splice(from, 0, id);
}
