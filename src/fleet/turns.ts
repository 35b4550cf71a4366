import type { LaneState, ProcessState } from './lane-state.ts';

/** So many of those who were served least are looked at: what they need is theirs before others get anything. */
export const LOOK = 32;

export interface Ahead {
  /** What those need who were served less. */
  readonly ahead: Record<string, number>;
  readonly all: Record<string, number>;
  /** So many more are there than were looked at. */
  readonly beyond: number;
}

/** What those need who wait, and are there. */
export function aheadOf(lane: LaneState, self: string, tag: number, slack: number, now: number): Ahead {
  const ahead: Record<string, number> = {};
  const all: Record<string, number> = {};
  let before = 0;
  for (const id of lane.active.slice(0, LOOK)) {
    const other = lane.processes.get(id)!;
    // Who was served much less is waited for, whether he was refused or not.
    if (id === self || (other.waitsUntil < now && other.tag + slack >= tag)) continue;
    const first = other.tag < tag;
    if (first) before++;
    const owed = Math.max(0, tag - other.tag - slack) * other.weight;
    for (const [name, need] of Object.entries(other.need)) {
      const due = Math.max(need, Math.min(other.want[name] ?? 0, owed * (lane.limits.get(name)?.limit ?? 0)));
      all[name] = (all[name] ?? 0) + due;
      if (first) ahead[name] = (ahead[name] ?? 0) + due;
    }
  }
  const rank = before < LOOK ? 0 : lane.active.indexOf(self);
  return { ahead, all, beyond: Math.max(0, rank - LOOK) };
}

/** Puts a process among those that want something, or takes it out. Who comes is not owed what it did not want before. */
export function join(lane: LaneState, id: string, process: ProcessState, wants: boolean): void {
  if (process.active) lane.active.splice(lane.active.indexOf(id), 1);
  if (wants && !process.active) process.tag = Math.max(process.tag, lane.virtual);
  process.active = wants;
  if (!wants) return;
  insert(lane, id, process.tag);
  lane.virtual = Math.max(lane.virtual, lane.processes.get(lane.active[0]!)!.tag);
}

export function moveTo(lane: LaneState, id: string, tag: number): void {
  lane.active.splice(lane.active.indexOf(id), 1);
  insert(lane, id, tag);
}

function insert(lane: LaneState, id: string, tag: number): void {
  let from = 0;
  let to = lane.active.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (lane.processes.get(lane.active[middle]!)!.tag <= tag) from = middle + 1;
    else to = middle;
  }
  lane.active.splice(from, 0, id);
}
