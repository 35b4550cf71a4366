import type { LaneState, LimitState, ProcessState } from './lane-state.ts';
import type { LimitReport, Report } from './fleet-store.ts';

/** Part of a level's shortfall that one sample corrects. */
const RAISE = 0.5;
/** Averaging time of what others take. */
const AVERAGE_MS = 10_000;
/** A sample this vague (part of the bucket) shows nothing of others; the estimate of them fades in about this time. */
const VAGUE = 0.5;
const FADES_MS = 60_000;
/** Minimum part of the refill assumed to be ours, whatever others take. */
const MIN_RATE = 0.05;
/** A refusal adds this part of the bucket to what is kept, up to a maximum, which fades completely in this time. */
const CAUTION = 0.01;
const MAX_CAUTION = 0.05;
const CAUTION_PASSES_MS = 60_000;
/** The estimate of what others take expires after this time without an exchange. */
const FORGOTTEN_MS = 30_000;
/** A bucket that fills faster is leased again before its holders have reported. */
const BRISK_MS = 750;
/** Largest part of a bucket assumed unspent by processes that wanted more. */
const UNTOLD_PART = 0.25;

/** Until a limit has been known for this long, its level is leased gradually: it may not exist. */
const TRIED_MS = 10_000;

export function areTried(limits: Iterable<LimitState>, now: number): boolean {
  for (const { since } of limits) if (now - since < TRIED_MS) return false;
  return true;
}

/** Refill in units per millisecond that the fleet gets. */
export function rateOf({ limit, windowMs, foreign }: LimitState): number {
  const rate = limit / windowMs;
  return Math.max(MIN_RATE * rate, rate - Math.max(0, foreign));
}

/** The part never leased; at least one unit stays leasable, or no call would ever fit. */
export function keptOf({ kept, full, caution }: LimitState): number {
  return Math.min(kept + caution * full, Math.max(0, full - 1));
}

/** The part not leased now: for the last waiting calls there is no headroom, which would only lie idle. */
export function keptNow(lane: LaneState, limit: LimitState): number {
  return keptOf(isEnding(lane) ? { ...limit, kept: 0 } : limit);
}

/** Whether there is enough for everything that waits, and no process has had new calls for a while. */
export function isEnding(lane: LaneState): boolean {
  if (lane.busy > 0) return false;
  for (const limit of lane.limits.values()) if (limit.rest > limit.free - keptOf({ ...limit, kept: 0 })) return false;
  return true;
}

/** Records what waits in a process, and whether it still gets new calls. */
export function learnRest(lane: LaneState, process: ProcessState, told: readonly LimitReport[], wants: boolean): void {
  const busy = wants && told.some(({ rest }) => rest === undefined);
  lane.busy += Number(busy) - Number(process.busy);
  process.busy = busy;
  for (const { name, rest = 0 } of told) rests(lane.limits.get(name)!, process, name, rest);
}

/** Records what waits in a process that has had no new call for a while. */
export function rests(limit: LimitState, process: ProcessState, name: string, amount: number): void {
  limit.rest = Math.max(0, limit.rest + amount - (process.rest[name] ?? 0));
  process.rest[name] = amount;
}

/** Maximum headroom; 0 in a bucket so small that it would be less than one unit. */
function mostKept({ headroom, full }: LimitState): number {
  return headroom * full > 1 ? headroom * full : 0;
}

/**
 * Most that can be free to lease: leased amounts may still be in the bucket too. But a process that got less than it
 * wanted has spent its lease long before it reports that. So only a part of the bucket is set aside for such leases,
 * and nothing of a bucket that fills before the process can report.
 */
function roomOf(limit: LimitState): number {
  const { full, held, idle } = limit;
  const most = full < BRISK_MS * rateOf(limit) ? 0 : UNTOLD_PART * full;
  return Math.max(0, full - idle - Math.min(held - idle, most));
}

export function refill(lane: LaneState, now: number): void {
  const elapsed = now - lane.at;
  if (elapsed <= 0) return;
  lane.at = now;
  for (const limit of lane.limits.values()) {
    if (elapsed > FORGOTTEN_MS) limit.foreign = 0;
    const room = roomOf(limit);
    if (limit.free < room) {
      const come = Math.min(room - limit.free, elapsed * rateOf(limit));
      limit.free += come;
      limit.kept += limit.headroom * come;
    }
    limit.kept = Math.min(limit.kept, mostKept(limit));
    limit.caution = Math.max(0, limit.caution - (MAX_CAUTION * elapsed) / CAUTION_PASSES_MS);
  }
}

/** A process has gone: its lease counts as spent. */
export function reclaim(lane: LaneState, process: ProcessState): void {
  for (const [name, limit] of lane.limits) {
    returned(limit, process, name);
    rests(limit, process, name, 0);
    pends(limit, process, name, 0);
  }
}

/** Records what a process has sent that the provider may not have counted yet: output counts while it is generated. */
function pends(limit: LimitState, process: ProcessState, name: string, unanswered: number): void {
  const amount = name === 'output_tokens' ? unanswered : 0;
  limit.pending = Math.max(0, limit.pending + amount - (process.pending[name] ?? 0));
  process.pending[name] = amount;
}

/** Ends a lease, and returns its amount. */
function returned(limit: LimitState, process: ProcessState, name: string): number {
  const held = leased(limit, process, name);
  limit.held -= held;
  if (held > 0) limit.unspent -= process.unspent[name] ?? 0;
  if (held > 0) limit.idle -= process.idle[name] ?? 0;
  process.held[name] = 0;
  process.idle[name] = 0;
  process.unspent[name] = 0;
  return held;
}

/** Amount a process has leased. */
function leased(limit: LimitState, process: ProcessState, name: string): number {
  return process.voided[name] === limit.voided ? (process.held[name] ?? 0) : 0;
}

/** Unspent part of the leases, as a share of the limits. */
export function unspent(lane: LaneState, process: ProcessState, limits: readonly LimitReport[]): number {
  let most = 0;
  let spent = 0;
  for (const told of limits) {
    const limit = lane.limits.get(told.name);
    const before = process.spent[told.name];
    if (!limit || before === undefined) continue;
    most = Math.max(most, leased(limit, process, told.name) / limit.limit);
    spent = Math.max(spent, (told.spent - before) / limit.limit);
  }
  return most - spent;
}

/** The level after a change that may be known already: the change must not make it negative, or more negative. */
function withoutDebt(free: number, by: number): number {
  return Math.max(Math.min(0, free), free + by);
}

/** Takes a process's lease back, minus what it has spent. */
export function settle(limit: LimitState, process: ProcessState, told: LimitReport, returns: boolean): void {
  const before = process.spent[told.name];
  process.spent[told.name] = told.spent;
  pends(limit, process, told.name, told.unanswered);
  const held = returned(limit, process, told.name);
  // What an unknown process sent a moment ago has not been counted yet.
  const left = before === undefined ? -told.unanswered : held - (told.spent - before);
  process.unspent[told.name] = Math.max(0, left);
  limit.total -= left;
  if (returns) {
    // Headers may already have shown what it spent on its own, and its belief is as good as the store's.
    limit.free = Math.min(withoutDebt(limit.free, left), Math.max(0, told.level - limit.held));
  } else limit.free += left;
  // The provider lets no one take more than it has, except for what it counts at the end.
  limit.free = Math.max(limit.free, -limit.held - limit.full);
}

/** Adopts what the process knows of a limit. */
export function learn(lane: LaneState, told: LimitReport, report: Report, now: number): LimitState {
  const known = lane.limits.get(told.name);
  if (!known) {
    const others = report.returns ? Math.max(1, report.fleet) : 1;
    const limit: LimitState = {
      limit: told.limit,
      windowMs: told.windowMs,
      full: told.full,
      headroom: told.headroom,
      since: now,
      // Its level lacks what it has sent; `settle` subtracts that for every new process.
      free: Math.min(told.full, told.level + told.unanswered) / others,
      total: 0,
      held: 0,
      unspent: 0,
      idle: 0,
      rest: 0,
      pending: 0,
      voided: 0,
      foreign: 0,
      kept: Math.max(0, Math.min(told.level, told.full) - (1 - told.headroom) * told.full),
      caution: 0,
      seenAt: 0,
    };
    lane.limits.set(told.name, limit);
    return limit;
  }
  known.headroom = told.headroom;
  if (told.changed) known.windowMs = told.windowMs;
  if (told.changed && (known.limit !== told.limit || known.full !== told.full)) {
    if (told.full < known.full) shrink(lane, known, told);
    else if (known.limit !== told.limit) known.free += told.full - known.full;
    if (known.limit !== told.limit) known.foreign = 0;
    known.limit = told.limit;
    known.full = told.full;
  }
  correct(known, told, now);
  return known;
}

/** Adopts the level that a refusal showed, which includes what the refused calls give back. */
export function refused(limit: LimitState, { refusedAt }: LimitReport): void {
  if (refusedAt === undefined) return;
  limit.free = Math.min(limit.free, refusedAt);
  limit.caution = Math.min(MAX_CAUTION, limit.caution + CAUTION);
}

/** A smaller bucket cannot have held the leases of a larger one: they are void. */
function shrink(lane: LaneState, known: LimitState, { level, full }: LimitReport): void {
  known.total -= known.held;
  known.held = 0;
  known.unspent = 0;
  known.idle = 0;
  known.voided++;
  known.free = Math.min(level, full);
  known.kept = 0;
  lane.epoch++;
}

/** The newest sample counts, whichever process brought it: downwards at once, upwards step by step. */
function correct(limit: LimitState, { sample, name, full }: LimitReport, now: number): void {
  // A process that assumes another bucket size interprets `left` differently.
  if (!sample || full !== limit.full) return;
  const seenAt = now - sample.ageMs;
  if (seenAt <= limit.seenAt) return;
  const since = limit.seenAt === 0 ? undefined : seenAt - limit.seenAt;
  limit.seenAt = seenAt;
  const truth = sample.left + rateOf(limit) * sample.ageMs - (limit.total - sample.total);
  const most = truth - sample.unspentLeast;
  const least = truth - sample.unspentMost;
  const room = roomOf(limit);
  const off = limit.free > most ? limit.free - most : limit.free < least ? limit.free - Math.min(least, room) : 0;
  // What other processes spent on their own is reported later and may be in the sample already, so it makes no debt.
  const by = off > 0 || since === undefined ? -off : -RAISE * off;
  limit.free = name === 'output_tokens' ? limit.free + by : withoutDebt(limit.free, by);
  if (since === undefined) return;
  // Missing output is not consumption by others either: what was generated meanwhile is not reported yet.
  if (name === 'output_tokens') return;
  const rate = limit.limit / limit.windowMs;
  const weight = Math.min(1, since / AVERAGE_MS);
  const taken = Math.max(-rate, Math.min(rate, off / Math.max(1, since)));
  // If so much may be unspent that samples show nothing, an earlier conclusion about others would otherwise last for
  // ever.
  const fades = off === 0 && most - least > VAGUE * full ? Math.min(1, since / FADES_MS) : 0;
  limit.foreign = Math.min((1 - MIN_RATE) * rate, Math.max(0, (1 - fades) * limit.foreign + taken * weight));
}
