import { adoptFindings, stopOf } from './lane-findings.ts';
import { firstWaitMs } from './first-comers.ts';
import { EPSILON, grant, MIN_WAIT_MS } from './grant.ts';
import { keptOf, learn, learnRest, reclaim, refill, refused, rests, settle, unspent } from './levels.ts';
import type { LaneState, LimitState, ProcessState } from './lane-state.ts';
import type { Grant, LimitReport, Report } from './fleet-store.ts';
import { lastCallsOf, newsOf } from './news.ts';
import { countClasses, partsOf } from './classes.ts';
import { join, wantsLess } from './process-queue.ts';

/** A process not seen for this long is gone. */
export const LIVE_MS = 6_000;
/** A report that arrives this late is no longer waited for, and what it saw is out of date. */
const LATE_MS = 500;
/** Limits known for this long count as known. */
const WARM_MS = 30_000;

/**
 * One exchange: the process returns its lease, its report corrects the levels, and it gets a new lease. The need of its
 * next call is granted in all limits or in none. Processes are served as in start-time fair queueing, so that small
 * calls elsewhere do not starve a large one: the least served process goes first, and its need is reserved for it.
 */
export function divide(lane: LaneState, asked: Report, now: number): Grant {
  const lateMs = asked.at === undefined ? 0 : Math.max(0, now - asked.at);
  const isLate = lateMs > LATE_MS;
  const report = wantsLess(lane, isLate ? withoutMoment(asked) : asked);
  for (const [id, each] of lane.processes) {
    if (each.seenAt > now - LIVE_MS) break;
    forget(lane, id, each);
  }
  const known = lane.processes.get(report.process);
  lane.news = undefined;
  // Already superseded by a newer report.
  if (known && report.serial <= known.serial) return answer(lane, report, [], 0, now);
  const before = { epoch: lane.epoch, pauseUntil: lane.pauseUntil, circuitUntil: lane.circuitUntil };
  refill(lane, now);
  const process = take(lane, report, now);
  const limits: LimitState[] = [];
  for (const told of report.limits) {
    const limit = learn(lane, told, report, now);
    limits.push(limit);
    settle(limit, process, told, report.returns);
    refused(limit, told);
  }
  const pausedUntil = now + report.pauseMs - (isLate ? lateMs : 0);
  if (pausedUntil > now && pausedUntil > lane.pauseUntil + MIN_WAIT_MS) {
    lane.pauseUntil = pausedUntil;
    lane.epoch++;
  }
  const told = known ? undefined : lane.learned;
  adoptFindings(lane, report, now);
  lane.news = newsOf(lane, before, report, now);
  const wants = !report.leaves && !isLate && report.limits.some((each) => each.want > 0);
  const waits = wants && report.limits.some((each) => each.need > 0);
  join(lane, report, process, wants, waits);
  learnRest(lane, process, report.limits, wants);
  const pauseMs = Math.max(0, lane.pauseUntil - now);
  const granted = report.limits.map(() => 0);
  let waitMs = firstWaitMs(lane, process.place, now);
  if (wants) waitMs = pauseMs > 0 ? pauseMs : grant(lane, report, process, limits, granted, now);
  report.limits.forEach((told, index) => lease(process, told, limits[index]!, granted[index]!));
  const parts = partsOf(lane, process);
  if (report.leaves) forget(lane, report.process, process);
  lane.news ??= lastCallsOf(lane, now);
  return { ...answer(lane, report, granted, waitMs, now), learned: told, parts };
}

/** The parts of a report that do not depend on when it was sent. */
function withoutMoment(report: Report): Report {
  return { ...report, limits: report.limits.map((told) => ({ ...told, sample: undefined, refusedAt: undefined })) };
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
    now,
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
        unspentMost: limit.held + limit.pending,
      };
    }),
  };
}

/** Whether limits have been known for a while. */
function isWarm(lane: LaneState, now: number): boolean {
  for (const { since } of lane.limits.values()) if (now - since < WARM_MS) return false;
  return lane.limits.size > 0;
}

function lease(process: ProcessState, { name, want }: LimitReport, limit: LimitState, amount: number): void {
  limit.free -= amount;
  limit.held += amount;
  limit.total += amount;
  process.held[name] = amount;
  process.voided[name] = limit.voided;
  // This lease may end with as much unspent as the last one.
  const unspent = Math.min(process.unspent[name] ?? 0, amount);
  limit.unspent += unspent;
  process.unspent[name] = unspent;
  process.idle[name] = want > amount + EPSILON ? 0 : amount;
  limit.idle += process.idle[name];
  rests(limit, process, name, Math.max(0, (process.rest[name] ?? 0) - amount));
}

/** The process as the lane knows it, now the last in order of contact. */
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
    pending: {},
    spent: {},
    held: {},
    unspent: {},
    idle: {},
    voided: {},
    weight: report.weight,
    classes: {},
    need: {},
    want: {},
  };
  if (known) process.tag = Math.max(0, process.tag - unspent(lane, process, report.limits) / process.weight);
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
  countClasses(lane, process, {});
  if (process.waits) lane.waiting.splice(lane.waiting.indexOf(id), 1);
}
