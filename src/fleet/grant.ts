import { areTried, isEnding, keptNow, rateOf } from './levels.ts';
import type { LaneState, LimitState, ProcessState } from './lane-state.ts';
import type { Report } from './fleet-store.ts';
import { CROWD, cycleMs } from './turn-time.ts';
import { weightsOf } from './classes.ts';
import { aheadOf, LOOK, moveTo } from './process-queue.ts';

/** An amount reserved for a waiting process is released if it is this late. */
const LATE_MS = 1_000;
export const MIN_WAIT_MS = 25;
const MAX_WAIT_MS = 2_000;
/** In a shortage, a process this far (or a lease's length) ahead of the least served one gets only what it needs. */
const AHEAD_MS = 500;
/** A bucket fuller than this may overflow while a process is waited for. */
const PLENTY = 0.5;
/** Of a limit known for less, only the refill of this time is leased at once; in a crowd, only for next calls. */
const FELT_MS = 2_000;
const FELT_BY_MANY_MS = 500;
/** Part of its equal share that is left to each waiting process: all of it would lie idle until its turn. */
const FREE_PART = 0.5;
export const EPSILON = 1e-6;

/** Leases to one process what is free, unless others go first; returns how long it must wait, 0 if not at all. */
export function grant(
  lane: LaneState,
  report: Report,
  process: ProcessState,
  limits: readonly LimitState[],
  granted: number[],
  now: number,
): number {
  const kept = limits.map((limit) => keptNow(lane, limit));
  // A process that keeps a reserve leaves as much to each other that does.
  const { weight, all } = weightsOf(lane, process, report.weight);
  const equals = Math.min(lane.waiting.length, all / weight);
  const share = process.waits ? Math.max(1, FREE_PART * equals) : lane.wanting;
  const { renewMs = 0 } = report;
  const slack = Math.max(AHEAD_MS, renewMs) / (limits[0]?.windowMs ?? 1) / share / weight;
  const plenty = limits.every((limit, index) => limit.free - kept[index]! > PLENTY * limit.full);
  const wait = aheadOf(lane, report.process, process.tag, plenty ? Infinity : slack, now);
  process.weight = weight;
  process.need = Object.fromEntries(report.limits.map(({ name, need }) => [name, need]));
  process.want = Object.fromEntries(report.limits.map(({ name, want }) => [name, want]));
  // Calls of more weight get more in a turn.
  const isCrowd = lane.waiting.length > CROWD;
  const cycle = isCrowd ? cycleMs(lane.waiting.length) : 0;
  const time = process.waits ? cycle / equals : 0;
  const among = lane.processes.size > CROWD ? Math.max(share, lane.processes.size) : share;
  let waitMs = 0;
  let part = 1;
  let turn = 1;
  let needs = false;
  const isTried = areTried(limits, now);
  report.limits.forEach(({ name, need, want }, index) => {
    const limit = limits[index]!;
    const usable = limit.free - kept[index]!;
    const least = Math.min(need, limit.full - kept[index]!);
    if (need > 0) {
      needs = true;
      const ahead = (wait.ahead[name] ?? 0) * (1 + wait.beyond / LOOK);
      const areMany = limit.held > 0 && lane.processes.size > CROWD && !areTried([limit], now);
      const most = areMany ? mostAtOnce(lane, limit, FELT_BY_MANY_MS, now) : Infinity;
      const missing = least + ahead - Math.min(usable, most);
      if (missing > EPSILON) waitMs = Math.max(waitMs, missing / rateOf(limit));
    }
    const extra = want - need;
    if (extra > EPSILON) {
      const felt = mostAtOnce(lane, limit, FELT_MS, now);
      const room = Math.min(usable - least - (wait.all[name] ?? 0), felt);
      const isFelt = now - limit.since >= FELT_MS;
      part = Math.min(part, Math.max(0, room / ((isFelt ? share : among) * extra)));
      const own = isFelt ? Math.min(time * rateOf(limit) - need, usable - least) : 0;
      turn = Math.min(turn, Math.max(0, own / extra));
    }
  });
  if (waitMs > 0) return waits(process, Math.min(waitMs, Math.max(MAX_WAIT_MS, renewMs, cycle)), now);
  const [first] = lane.waiting;
  const isAhead = first !== undefined && process.tag > lane.processes.get(first)!.tag + slack;
  if (wait.beyond > 0 || (part < 1 && isAhead)) part = 0;
  if (process.waits) part = Math.min(1, isTried ? part + turn : Math.max(part, turn));
  if (isEnding(lane)) part = Math.max(part, partOfLast(report));
  if (!needs && part <= 0) return 0;
  serve(lane, report, process, limits, kept, granted, part);
  if (!needs || part >= 1 || !isCrowd) return 0;
  report.limits.forEach(({ name, want }, index) => {
    const limit = limits[index]!;
    const left = want - granted[index]!;
    process.need[name] = Math.min(process.need[name]!, left);
    process.want[name] = left;
    const due = Math.min(left, time * rateOf(limit)) + (wait.turns[name] ?? 0);
    waitMs = Math.max(waitMs, (due - (limit.free - granted[index]! - kept[index]!)) / rateOf(limit));
  });
  return waitMs > 0 ? waits(process, Math.min(waitMs, cycle), now) : 0;
}

/** The part of what is wanted in addition that the last calls take: there is enough for all of them. */
function partOfLast(report: Report): number {
  let part = 1;
  for (const { need, want, rest = 0 } of report.limits) {
    if (want - need > EPSILON) part = Math.min(part, Math.max(0, rest - need) / (want - need));
  }
  return part;
}

/** What the process needs is reserved for it until its turn. */
function waits(process: ProcessState, missingMs: number, now: number): number {
  const waitMs = Math.max(MIN_WAIT_MS, missingMs);
  process.waitsUntil = now + waitMs + LATE_MS;
  return waitMs;
}

/**
 * What may be leased in addition: a new limit may let through less at once than it states, and several processes
 * finding that out together would be refused a lot.
 */
function mostAtOnce(lane: LaneState, limit: LimitState, feltMs: number, now: number): number {
  return lane.processes.size > 1 ? rateOf(limit) * Math.max(feltMs, now - limit.since) - limit.held : Infinity;
}

function serve(
  lane: LaneState,
  report: Report,
  process: ProcessState,
  limits: readonly LimitState[],
  kept: readonly number[],
  granted: number[],
  part: number,
): void {
  let share = 0;
  report.limits.forEach(({ need, want }, index) => {
    const limit = limits[index]!;
    const amount = Math.min(need, limit.full - kept[index]!) + part * (want - need);
    granted[index] = amount;
    share = Math.max(share, amount / limit.limit);
  });
  // The unspent part is returned later, and then subtracted again.
  process.tag += share / process.weight;
  if (process.waits) moveTo(lane, report.process, process.tag);
}
