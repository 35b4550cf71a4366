import { BELIEFS } from './core/beliefs.ts';
import type { LaneListener } from './core/admission.ts';
import type { Clock } from './core/clock.ts';
import type { GuardEvent } from './core/events.ts';
import type { LaneSnapshot } from './core/snapshot.ts';
import { identityOf } from './core/identity.ts';
import type { Fleet } from './fleet/fleet.ts';
import type { LaneShare } from './fleet/lane-share.ts';
import { type KeptLane, keptLane } from './core/kept-lane.ts';
import { AttemptFailed, type Lane } from './core/lane.ts';
import { LateRetries } from './core/late-retries.ts';
import { originOf } from './core/origin.ts';
import { isProviderFault } from './core/outcome.ts';
import type { ChargeRule, ProviderName } from './core/provider.ts';
import type { ResolvedOptions } from './options.ts';
import { ContentGate } from './pacing/content/content-gate.ts';
import { createAdmission } from './pacing/queue/lane-queue.ts';
import { createBreaker } from './policies/breaker.ts';
import type { Breaker } from './policies/circuit.ts';
import { createRetryBudget } from './policies/budget.ts';
import { createSlots } from './policies/bulkhead.ts';
import { createRetry } from './policies/retry.ts';
import type { Account } from './providers/seam/call-host.ts';
import { type RecalledLane, RecalledLanes } from './recalled-lanes.ts';

/** Identity of a lane. Calls share it across clients, since limits belong to the account. */
export interface LaneIdentity extends Account {
  /** Limit group: the pool that the model draws on by default. */
  readonly group: string;
}

/** A guard that uses a lane. The first one gets the lane's own events. */
export interface LaneOwner {
  readonly options: ResolvedOptions;
  readonly laneOptionsKey: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** Divides limits among the processes of an account; undefined if limits are not shared. */
  readonly fleet: Fleet | undefined;
  /** What an earlier process knew about a lane that is new here. */
  recalled(lane: { provider: ProviderName; baseURL: string; group: string }): RecalledLane | undefined;
  emit(event: GuardEvent): void;
  warn(message: string): void;
}

export interface SharedLane extends Lane {
  readonly key: string;
  readonly owners: Set<LaneOwner>;
  /** When its latest call started. */
  usedAt: number;
  /** What is known about it that another process would have to learn. */
  kept(): KeptLane | undefined;
  /** Refuses the queued calls of a leaving owner. */
  closeFor(owner: LaneOwner): void;
  close(): void;
}

/** An empty lane that has been unused for this long is dropped. */
const IDLE_MS = 3_600_000;

/** Whether a lane can be dropped. Otherwise many keys or models would each keep a lane forever. */
export function isIdle(lane: SharedLane, now: number): boolean {
  const { active, admission, breaker, usedAt } = lane;
  return now - usedAt >= IDLE_MS && active === 0 && admission.inFlight === 0 && breaker.state() === 'closed';
}

// Lanes of the process: clients of one account share them across guards.
const lanes = new Map<string, SharedLane>();

/** The lane of an identity, created on first use. Guards with different lane options do not share lanes. */
export function joinLane(identity: LaneIdentity, charge: ChargeRule, owner: LaneOwner): SharedLane {
  const { provider, baseURL, credential, group } = identity;
  const fleet = owner.fleet ? `#${identityOf(owner.fleet)}` : '';
  const key = [provider, baseURL, credential, group, owner.laneOptionsKey, fleet].join('\n');
  let lane = lanes.get(key);
  if (!lane) lanes.set(key, (lane = createLane(key, identity, charge, owner)));
  lane.owners.add(owner);
  return lane;
}

/** The guard leaves the lane, and its queued calls are refused; the last one to leave closes the lane. */
export function leaveLane(lane: SharedLane, owner: LaneOwner): void {
  lane.owners.delete(owner);
  if (lane.owners.size > 0) {
    lane.closeFor(owner);
    return;
  }
  lanes.delete(lane.key);
  const kept = lane.kept();
  if (kept) letGo.keep(lane.key, kept, owner.clock.wall());
  lane.close();
}

// What was known about dropped lanes, in case they return.
const letGo = new RecalledLanes();

/** Options that shape a lane, as text: equal texts may share. */
export function laneOptionsKey(options: ResolvedOptions): string {
  const { retry, breaker, bulkhead, pacing } = options;
  return JSON.stringify([retry, breaker, bulkhead, pacing], (_key, value: unknown) =>
    typeof value === 'function' ? `#${identityOf(value)}` : value,
  );
}

function firstOf(owners: ReadonlySet<LaneOwner>): LaneOwner | undefined {
  for (const owner of owners) return owner;
  return undefined;
}

function createLane(key: string, identity: LaneIdentity, charge: ChargeRule, creator: LaneOwner): SharedLane {
  const { options, clock, random } = creator;
  const label = `${identity.provider}/${identity.group}`;
  const origin = originOf(identity.baseURL) ?? '';
  const owners = new Set([creator]);
  const emit = (event: GuardEvent): void => {
    firstOf(owners)?.emit(event);
  };
  const listener: LaneListener = {
    onPause: (forMs, dimension) => emit({ type: 'pause', lane: label, forMs, dimension }),
    onLimit: (dimension, limit, previous, source) =>
      emit({ type: 'limit', lane: label, dimension, limit, previous, source }),
    onBelief: (dimension, belief, holds) =>
      emit({ type: 'belief', lane: label, dimension, belief, holds, because: BELIEFS[belief] }),
  };
  const breaker: Breaker = createBreaker(options.breaker, {
    clock,
    countsAsFailure: (error) => error instanceof AttemptFailed && isProviderFault(error.failure),
    isNeutral: saysNothing,
    isFurtherFault: (error) =>
      !saysNothing(error) &&
      (error as AttemptFailed).isFurtherFault &&
      isProviderFault((error as AttemptFailed).failure),
    onState: (state) => {
      emit({ type: 'circuit', lane: label, provider: identity.provider, state });
      if (state === 'open') share?.circuit(Math.max(1, breaker.openUntil() - clock.now()));
      else if (state === 'closed') share?.circuit(0);
    },
    onWake: () => admission.wake(),
  });
  const share: LaneShare | undefined = creator.fleet?.divide(identity, clock, {
    onMode: (mode, fault, processes) => emit({ type: 'shared.mode', lane: label, mode, fault, processes }),
    onExchange: (durationMs, fault) => emit({ type: 'shared.exchange', lane: label, durationMs, fault }),
    onCircuit: () => breaker.state() === 'closed' && breaker.trip(),
    onWarning: (message) => (firstOf(owners) ?? creator).warn(message),
  });
  const queue = createAdmission({
    clock,
    random,
    pacing: options.pacing,
    maxConcurrent: options.bulkhead.maxConcurrent,
    maxQueued: options.bulkhead.maxQueued,
    // One cap for both: a wait that retry accepts is waited out in the queue.
    maxLimitWaitMs: options.retry.maxHintMs,
    gate: breaker,
    charge,
    listener,
    divider: share,
  });
  const admission = new ContentGate(queue, {
    clock,
    random,
    maxQueued: options.bulkhead.maxQueued,
    maxLimitWaitMs: options.retry.maxHintMs,
    listener,
  });
  const recalled =
    letGo.take(key, clock.wall()) ??
    creator.recalled({ provider: identity.provider, baseURL: origin, group: identity.group });
  if (recalled) admission.recall(recalled.kept, recalled.ageMs);
  const budget = options.retry.budget && createRetryBudget(options.retry.budget, clock);
  const counts = { calls: 0, succeeded: 0, failed: 0, attempts: 0, retries: 0, throttled: 0 };
  const snapshot = (): LaneSnapshot => ({
    lane: label,
    provider: identity.provider,
    group: identity.group,
    baseURL: origin,
    dimensions: admission.dimensions(),
    inFlight: admission.inFlight,
    maxConcurrent: admission.maxConcurrent,
    queued: admission.queued,
    oldestWaitMs: admission.oldestWaitMs(),
    waiting: admission.waiting(),
    maxQueued: admission.maxQueued,
    pausedForMs: admission.pausedForMs(),
    circuit: breaker.state(),
    counts: { ...counts },
    shared: share?.snapshot(),
  });
  return {
    key,
    label,
    group: identity.group,
    owners,
    admission,
    breaker,
    budget,
    counts,
    active: 0,
    usedAt: clock.now(),
    // Retries beyond the budget would prolong the outage: the circuit holds them back instead.
    retry: createRetry(options.retry, {
      random,
      budget,
      paces: options.pacing !== undefined,
      onBudgetSpent: () => breaker.trip(),
    }),
    late: new LateRetries(),
    slots: createSlots(options.bulkhead.maxConcurrent),
    snapshot,
    kept: () => keptLane(snapshot(), admission.learnedTokens()),
    closeFor: (owner) => admission.closeFor(owner),
    close() {
      admission.close();
      breaker.close();
    },
  };
}

/** An attempt that was never sent, was cancelled or hit its caller's deadline says nothing about the provider. */
function saysNothing(error: unknown): boolean {
  if (!(error instanceof AttemptFailed)) return true;
  return error.failure.outcome === 'cancelled' || error.failure.cutByCaller === true;
}
