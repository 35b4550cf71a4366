import type { Lane } from './core/lane.ts';
import type { Failure } from './core/outcome.ts';
import type { RequestInfo } from './core/provider.ts';
import type { LaneSnapshot } from './core/snapshot.ts';
import { disown, kindOf, thrownKind } from './core/user-value.ts';
import { isIdle, joinLane, type LaneOwner, leaveLane, type SharedLane } from './lane-registry.ts';
import { LearnedPools } from './learned-pools.ts';
import { limitPool } from './providers/limit-pools.ts';
import type { Account, CallStart } from './providers/seam/call-host.ts';

/** Longest group name, which appears in lanes and labels. */
const MAX_GROUP_LENGTH = 256;

/**
 * More than any account has limits. Without a cap, a group or model that differs per call would create a lane for each.
 */
const MAX_GROUPS = 1_000;

/** Interval of the search for unused lanes. */
const LOOK_EVERY_MS = 60_000;

/** The lanes of one guard, by account and pool. */
export class GuardLanes {
  readonly #owner: LaneOwner;
  readonly #lanes = new Map<string, SharedLane>();
  readonly #pools = new LearnedPools();
  readonly #accountOf = new WeakMap<Lane, Account>();
  #lanesOf = new WeakMap<Account, Map<string, SharedLane>>();
  /** Lanes by account. */
  readonly #counts = new Map<string, number>();
  #lookedAt = 0;

  constructor(owner: LaneOwner) {
    this.#owner = owner;
  }

  all(): Iterable<SharedLane> {
    return this.#lanes.values();
  }

  snapshot(): LaneSnapshot[] {
    this.#dropIdle(this.#owner.clock.now());
    return Array.from(this.#lanes.values(), (lane) => lane.snapshot());
  }

  /** Lanes whose gauges this guard publishes; a shared lane has one publisher. */
  ownedSnapshot(): LaneSnapshot[] {
    this.#dropIdle(this.#owner.clock.now());
    const rows: LaneSnapshot[] = [];
    for (const lane of this.#lanes.values()) {
      const [first] = lane.owners;
      if (first === this.#owner) rows.push(lane.snapshot());
    }
    return rows;
  }

  /** The lane of a call; created on first use. */
  laneOf(start: CallStart, now: number): SharedLane {
    this.#dropIdle(now);
    const lane = this.#find(start);
    lane.usedAt = now;
    return lane;
  }

  /** Learns from a refusal which pools share limits. */
  refused(lane: Lane, { model }: RequestInfo, failure: Failure): void {
    const account = this.#accountOf.get(lane);
    if (!account || this.#owner.options.limitGroup) return;
    const exists = (pool: string): boolean => this.#lanes.has(laneKey(account, pool));
    const warning = this.#pools.refused(account, { model, pool: lane.group, failure, exists });
    if (warning !== undefined) this.#owner.warn(warning);
  }

  close(): void {
    for (const lane of this.#lanes.values()) leaveLane(lane, this.#owner);
  }

  /** Leaves unused lanes. Checked on use, at most once a minute. */
  #dropIdle(now: number): void {
    if (now - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#lookedAt = now;
    let dropped = false;
    for (const [key, lane] of this.#lanes) {
      if (!isIdle(lane, now)) continue;
      this.#lanes.delete(key);
      this.#count(this.#accountOf.get(lane)!, -1);
      leaveLane(lane, this.#owner);
      dropped = true;
    }
    if (dropped) this.#lanesOf = new WeakMap();
  }

  #find(start: CallStart): SharedLane {
    const group = this.#group(start);
    // A client keeps the same account object while its account is unchanged.
    let known = this.#lanesOf.get(start.account);
    if (!known) this.#lanesOf.set(start.account, (known = new Map()));
    let lane = known.get(group);
    if (lane) return lane;
    if (!this.#hasRoom(start.account, group)) return this.#join(start, this.#overflowGroup(start));
    known.set(group, (lane = this.#join(start, group)));
    return lane;
  }

  /** The group of calls whose own group is beyond the cap. */
  #overflowGroup({ account, request }: CallStart): string {
    if (!this.#owner.options.limitGroup) return request.operation;
    this.#owner.warn(`Expected \`limitGroup\` to return at most ${MAX_GROUPS} different groups.`);
    const pool = this.#pool(account, request);
    return this.#hasRoom(account, pool) || pool === request.operation ? pool : request.operation;
  }

  #join(start: CallStart, group: string): SharedLane {
    const { provider, baseURL, credential } = start.account;
    const key = laneKey(start.account, group);
    let lane = this.#lanes.get(key);
    if (!lane) {
      const identity = { provider, baseURL, credential, group };
      this.#lanes.set(key, (lane = joinLane(identity, start.adapter.charge, this.#owner)));
      this.#accountOf.set(lane, { provider, baseURL, credential });
      this.#count(start.account, 1);
    }
    return lane;
  }

  #count(account: Account, change: 1 | -1): void {
    const key = laneKey(account, '');
    const count = (this.#counts.get(key) ?? 0) + change;
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
  }

  /** Whether a group has a lane, or there is room for one. */
  #hasRoom(account: Account, group: string): boolean {
    const count = this.#counts.get(laneKey(account, '')) ?? 0;
    return count < MAX_GROUPS || this.#lanes.has(laneKey(account, group));
  }

  #group({ account, request }: CallStart): string {
    const { limitGroup } = this.#owner.options;
    if (limitGroup) {
      try {
        const group: unknown = limitGroup(request.model);
        if (typeof group === 'string' && group !== '' && group.length <= MAX_GROUP_LENGTH) {
          return group;
        }
        disown(group);
        const expected = `a string of 1 to ${MAX_GROUP_LENGTH} characters`;
        this.#owner.warn(`Expected \`limitGroup\` to return ${expected}, got ${kindOf(group)}.`);
      } catch (error) {
        this.#owner.warn(`limitGroup threw ${thrownKind(error)}.`);
      }
    }
    return this.#pool(account, request);
  }

  #pool(account: Account, request: RequestInfo): string {
    const pool = limitPool(account.provider, request);
    return pool === undefined ? request.operation : this.#pools.resolve(account, pool, request.model);
  }
}

function laneKey({ provider, baseURL, credential }: Account, group: string): string {
  return [provider, baseURL, credential, group].join('\n');
}
