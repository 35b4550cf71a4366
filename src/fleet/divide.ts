import { learnFacts, stopOf } from './facts.ts';
import { firstWaitMs } from './first-comers.ts';
import { keptNow, keptOf, learn, learnRest, rateOf, reclaim, refill, rests, settle, unspent } from './levels.ts';
import type { LaneState, LimitState, ProcessState } from './lane-state.ts';
import type { Grant, LimitReport, Report } from './protocol.ts';
import { newsOf } from './news.ts';
import { aheadOf, countWeight, join, LOOK, moveTo, waitingWeight, wantsLess, weightOf } from './turns.ts';

/** A process that was not seen for so long is gone. */
export const LIVE_MS = 6_000;
/** What is kept for somebody who waits is let go this long after he should have come. */
const LATE_MS = 1_000;
const MIN_WAIT_MS = 25;
const MAX_WAIT_MS = 2_000;
/** Who is this far ahead of the one that was served least, or as far as a lease is for, gets no more than he needs while there is not enough. */
const AHEAD_MS = 500;
/** A bucket that is this full may overflow while somebody is waited for. */
const PLENTY = 0.5;
/** Limits are known well enough after so long. */
const WARM_MS = 30_000;
/** Of a limit that is not known for longer, what comes in this time is leased at once; to very many, for their next calls alone. */
const FELT_MS = 2_000;
const FELT_BY_MANY_MS = 500;
const MANY = 16;
/** Of what is free everybody who waits could have this part of an equal share left over: a full one would lie idle until he comes. */
const FREE_PART = 0.5;
const EPSILON = 1e-6;

/**
 * One exchange: what the process had leased comes back, what it knows corrects the levels, and it gets a new lease.
 * What it needs for its next call it gets in all limits or in none. Processes are served as in start-time fair
 * queueing, so that a large call is not starved by small ones elsewhere: who was served least goes first, and what he
 * needs is kept for him.
 */
export function divide(lane: LaneState, asked: Report, now: number): Grant {
  const report = wantsLess(lane, asked);
  for (const [id, each] of lane.processes) {
    if (each.seenAt > now - LIVE_MS) break;
    forget(lane, id, each);
  }
  const known = lane.processes.get(report.process);
  lane.news = undefined;
  // It comes late, and was followed already.
  if (known && report.serial <= known.serial) return answer(lane, report, [], 0, now);
  const before = { epoch: lane.epoch, pauseUntil: lane.pauseUntil, circuitUntil: lane.circuitUntil };
  refill(lane, now);
  const process = take(lane, report, now);
  const limits: LimitState[] = [];
  for (const told of report.limits) {
    const limit = learn(lane, told, report, now);
    limits.push(limit);
    settle(limit, process, told, report.returns);
  }
  if (report.pauseMs > 0 && now + report.pauseMs > lane.pauseUntil + MIN_WAIT_MS) {
    lane.pauseUntil = now + report.pauseMs;
    lane.epoch++;
  }
  const told = known ? undefined : lane.learned;
  learnFacts(lane, report, now);
  lane.news = newsOf(lane, before, report, now);
  const wants = !report.leaves && report.limits.some((each) => each.want > 0);
  const waits = wants && report.limits.some((each) => each.need > 0);
  join(lane, report, process, wants, waits);
  learnRest(lane, process, report.limits, wants);
  const pauseMs = Math.max(0, lane.pauseUntil - now);
  const granted = report.limits.map(() => 0);
  let waitMs = firstWaitMs(lane, process.place, now);
  if (wants && pauseMs === 0) waitMs = grant(lane, report, process, limits, granted, now);
  report.limits.forEach((told, index) => lease(process, told, limits[index]!, granted[index]!));
  if (report.leaves) forget(lane, report.process, process);
  return { ...answer(lane, report, granted, waitMs, now), learned: told };
}

function answer(lane: LaneState, report: Report, granted: readonly number[], waitMs: number, now: number): Grant {
  return {
    serial: report.serial,
    epoch: lane.epoch,
    fleet: lane.processes.size,
    active: lane.wanting,
    waitMs,
    pauseMs: Math.max(0, lane.pauseUntil - now),
    stop: stopOf(lane, now),
    circuitMs: Math.max(0, lane.circuitUntil - now),
    since: lane.since,
    warm: isWarm(lane, now),
    learned: undefined,
    limits: Array.from(lane.limits, ([name, limit]) => {
      const index = report.limits.findIndex((each) => each.name === name);
      return {
        name,
        limit: limit.limit,
        windowMs: limit.windowMs,
        full: limit.full,
        granted: granted[index] ?? 0,
        free: limit.free,
        kept: keptOf(limit),
        total: limit.total,
        unspentLeast: limit.unspent,
        unspentMost: limit.held,
      };
    }),
  };
}

/** Whether limits are known, and have been for a while. */
function isWarm(lane: LaneState, now: number): boolean {
  for (const { since } of lane.limits.values()) if (now - since < WARM_MS) return false;
  return lane.limits.size > 0;
}

function grant(
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
  let waitMs = 0;
  let part = 1;
  let needs = false;
  report.limits.forEach(({ name, need, want }, index) => {
    const limit = limits[index]!;
    const usable = limit.free - kept[index]!;
    const least = Math.min(need, limit.full - kept[index]!);
    if (need > 0) {
      needs = true;
      const ahead = (wait.ahead[name] ?? 0) * (1 + wait.beyond / LOOK);
      const areMany = limit.held > 0 && lane.processes.size > MANY;
      const most = areMany ? mostAtOnce(lane, limit, FELT_BY_MANY_MS, now) : Infinity;
      const missing = least + ahead - Math.min(usable, most);
      if (missing > EPSILON) waitMs = Math.max(waitMs, missing / rateOf(limit));
    }
    const extra = want - need;
    if (extra > EPSILON) {
      const room = Math.min(usable - least - (wait.all[name] ?? 0), mostAtOnce(lane, limit, FELT_MS, now));
      part = Math.min(part, Math.max(0, room / (share * extra)));
    }
  });
  if (waitMs > 0) {
    waitMs = Math.min(Math.max(MAX_WAIT_MS, renewMs), Math.max(MIN_WAIT_MS, waitMs));
    process.waitsUntil = now + waitMs + LATE_MS;
    return waitMs;
  }
  const [first] = lane.waiting;
  const isAhead = first !== undefined && process.tag > lane.processes.get(first)!.tag + slack;
  if (wait.beyond > 0 || (part < 1 && isAhead)) part = 0;
  if (!needs && part <= 0) return 0;
  serve(lane, report, process, limits, kept, granted, part);
  return 0;
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

function lease(process: ProcessState, { name, want }: LimitReport, limit: LimitState, amount: number): void {
  limit.free -= amount;
  limit.held += amount;
  limit.total += amount;
  process.held[name] = amount;
  process.voided[name] = limit.voided;
  // As much as was left at the end of the last lease may be left of this one.
  const unspent = Math.min(process.unspent[name] ?? 0, amount);
  limit.unspent += unspent;
  process.unspent[name] = unspent;
  process.idle[name] = want > amount + EPSILON ? 0 : amount;
  limit.idle += process.idle[name];
  rests(limit, process, name, Math.max(0, (process.rest[name] ?? 0) - amount));
}

/** The process as the lane knows it, seen last of all now. */
function take(lane: LaneState, report: Report, now: number): ProcessState {
  const known = lane.processes.get(report.process);
  const process: ProcessState = known ?? {
    seenAt: now,
    serial: report.serial,
    tag: 0,
    place: ++lane.joined,
    active: false,
    waits: false,
    waitsUntil: 0,
    busy: false,
    rest: {},
    spent: {},
    held: {},
    unspent: {},
    idle: {},
    voided: {},
    weight: report.weight,
    waitsWith: undefined,
    need: {},
    want: {},
  };
  if (known) process.tag = Math.max(0, process.tag - unspent(lane, process, report.limits) / weightOf(lane, report));
  process.seenAt = now;
  process.serial = report.serial;
  process.waitsUntil = 0;
  lane.processes.delete(report.process);
  lane.processes.set(report.process, process);
  return process;
}

function forget(lane: LaneState, id: string, process: ProcessState): void {
  reclaim(lane, process);
  lane.processes.delete(id);
  if (process.active) lane.wanting--;
  if (process.busy) lane.busy--;
  countWeight(lane, process, undefined);
  if (process.waits) lane.waiting.splice(lane.waiting.indexOf(id), 1);
}
