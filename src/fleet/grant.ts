import { keptNow, rateOf } from './levels.ts';
import type { LaneState, LimitState, ProcessState } from './lane-state.ts';
import type { Report } from './protocol.ts';
import { CROWD, cycleMs } from './turn-time.ts';
import { aheadOf, LOOK, moveTo, waitingWeight, weightOf } from './turns.ts';

/** What is kept for somebody who waits is let go this long after he should have come. */
const LATE_MS = 1_000;
export const MIN_WAIT_MS = 25;
const MAX_WAIT_MS = 2_000;
/** Who is this far ahead of the one that was served least, or as far as a lease is for, gets no more than he needs while there is not enough. */
const AHEAD_MS = 500;
/** A bucket that is this full may overflow while somebody is waited for. */
const PLENTY = 0.5;
/** Of a limit that is not known for longer, what comes in this time is leased at once; to very many, for their next calls alone. */
const FELT_MS = 2_000;
const FELT_BY_MANY_MS = 500;
/** What has gathered of it is leased little by little until then: it may not be there. */
const TRIED_MS = 10_000;
/** Of what is free everybody who waits could have this part of an equal share left over: a full one would lie idle until he comes. */
const FREE_PART = 0.5;
export const EPSILON = 1e-6;

/** Shares out to one process what there is, as far as others need not go first; says when to come again where it must wait. */
export function grant(
  lane: LaneState,
  report: Report,
  process: ProcessState,
  limits: readonly LimitState[],
  granted: number[],
  now: number,
): number {
  const kept = limits.map((limit) => keptNow(lane, limit));
  // Who keeps something in hand leaves as much to everybody else who does.
  const weight = weightOf(lane, report);
  const equals = Math.min(lane.waiting.length, waitingWeight(lane) / weight);
  const share = process.waits ? Math.max(1, FREE_PART * equals) : lane.wanting;
  const { renewMs = 0 } = report;
  const slack = Math.max(AHEAD_MS, renewMs) / (limits[0]?.windowMs ?? 1) / share / weight;
  const plenty = limits.every((limit, index) => limit.free - kept[index]! > PLENTY * limit.full);
  const wait = aheadOf(lane, report.process, process.tag, plenty ? Infinity : slack, now);
  process.weight = weight;
  process.need = Object.fromEntries(report.limits.map(({ name, need }) => [name, need]));
  process.want = Object.fromEntries(report.limits.map(({ name, want }) => [name, want]));
  // Whose calls weigh more has more in a turn.
  const isCrowd = lane.waiting.length > CROWD;
  const cycle = isCrowd ? cycleMs(lane.waiting.length) : 0;
  const time = process.waits ? cycle / equals : 0;
  const among = lane.processes.size > CROWD ? Math.max(share, lane.processes.size) : share;
  let waitMs = 0;
  let part = 1;
  let turn = 1;
  let needs = false;
  const isTried = limits.every(({ since }) => now - since >= TRIED_MS);
  report.limits.forEach(({ name, need, want }, index) => {
    const limit = limits[index]!;
    const usable = limit.free - kept[index]!;
    const least = Math.min(need, limit.full - kept[index]!);
    if (need > 0) {
      needs = true;
      const ahead = (wait.ahead[name] ?? 0) * (1 + wait.beyond / LOOK);
      const areMany = limit.held > 0 && lane.processes.size > CROWD;
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

/** Until its turn, what it needs is kept for it. */
function waits(process: ProcessState, missingMs: number, now: number): number {
  const waitMs = Math.max(MIN_WAIT_MS, missingMs);
  process.waitsUntil = now + waitMs + LATE_MS;
  return waitMs;
}

/**
 * What may be leased beside what is: a new limit may let through less at once than it tells, and several at a time would
 * find that out at great cost.
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
  // What it does not spend comes back, and is taken off again then.
  process.tag += share / process.weight;
  if (process.waits) moveTo(lane, report.process, process.tag);
}
