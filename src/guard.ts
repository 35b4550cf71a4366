import { callContext } from './call-context.ts';
import type { Attempt } from './core/attempt.ts';
import type { RunningCall } from './core/attempt.ts';
import { Call } from './core/call.ts';
import { type Clock, systemClock } from './core/clock.ts';
import type { CallPlace } from './core/call-settings.ts';
import { Emitter } from './core/emitter.ts';
import type { CallInfo, GuardEvent } from './core/events.ts';
import type { LaneSnapshot } from './core/snapshot.ts';
import { type HasMemory, type KeptLane, laneName } from './core/kept-lane.ts';
import type { HasRuns } from './core/live-runs.ts';
import type { Lane } from './core/lane.ts';
import type { Failure } from './core/outcome.ts';
import type { ProviderName, RequestInfo, RequestLike } from './core/provider.ts';
import type { ServeConsoleOptions, ServedConsole } from './console/options.ts';
import { callCost } from './cost/call-cost.ts';
import { disown, kindOf, thrownKind } from './core/user-value.ts';
import { TidegateOptionError, TidegateSetupError } from './errors.ts';
import { type Fleet, fleetOf } from './fleet/fleet.ts';
import { isIdle, joinLane, type LaneOwner, laneOptionsKey, leaveLane, type SharedLane } from './lane-registry.ts';
import { LearnedPools } from './learned-pools.ts';
import { type GuardOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { BodyWatch } from './providers/body/abandoned-bodies.ts';
import { FinalEvents } from './providers/body/final-events.ts';
import { FLEX } from './providers/request/flex-tier.ts';
import { limitPool } from './providers/limit-pools.ts';
import type { Account, CallHost, CallStart } from './providers/seam/call-host.ts';
import { guardedFetch } from './providers/seam/guarded-fetch.ts';
import { wrapClient } from './providers/seam/guard-client.ts';
import { onlyServed } from './process-state.ts';
import { type RecalledLane, RecalledLanes } from './recalled-lanes.ts';
import { RetryLayerNotice } from './retry-layers/notice.ts';
import { serverOf } from './server-address.ts';
import { createInstrumentation, type TelemetryInstrumentation } from './telemetry/instrumentation.ts';
import { UnguardedNotice } from './unguarded/notice.ts';
import { watchRequests } from './unguarded/watch-requests.ts';

/** Guards clients: shares lanes among them, tells what happens, and can be closed. */
export interface Guard {
  /**
   * Guards a client in place and returns it. Guarding it again with the same guard changes nothing.
   *
   * @throws TidegateSetupError when the object is not a supported client, its SDK's version does not fit,
   * another guard holds it, or this guard is closed.
   */
  wrap<T extends object>(client: T): T;
  /** A guarded `fetch`, for every SDK that accepts one. Set that SDK's own retries to 0. */
  readonly fetch: typeof fetch;
  /** Listens to events of one type; the returned function stops it. What a listener throws changes no call. */
  on<T extends GuardEvent['type']>(type: T, listener: (event: Extract<GuardEvent, { type: T }>) => void): () => void;
  /** The state of every lane, as plain data. */
  snapshot(): LaneSnapshot[];
  /**
   * Serves a page that shows lanes, limits, queues, refusals and costs as they are: on this machine only, to look at. It does
   * not keep the process alive.
   *
   * @throws TidegateOptionError for a bad option; TidegateSetupError when the address cannot be used or this guard is closed
   */
  serveConsole(options?: ServeConsoleOptions): Promise<ServedConsole>;
  /** Refuses queued and later calls with code `closed`. Responses in flight can be read to their end. Leaves no handle. */
  close(): Promise<void>;
}

/** A group names lanes and labels. */
const MAX_GROUP_LENGTH = 256;

/** No account has as many limits; a group, or a model, that differs from call to call would make a lane for each. */
const MAX_GROUPS = 1_000;

/** How often unused lanes are looked for. */
const LOOK_EVERY_MS = 60_000;

/** Beyond this many distinct warnings, the application is probably warning in a loop. */
const MAX_WARNINGS = 20;

/** What is not the application's to choose. */
export interface GuardInternals {
  /** Names the copy of tidegate that this is, where several report beside one another. */
  readonly copy?: string | undefined;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly fleet?: Fleet;
}

export class GuardCore implements Guard, LaneOwner, CallHost, HasRuns, HasMemory {
  readonly runs: HasRuns['runs'] = new Set();
  readonly options: ResolvedOptions;
  readonly laneOptionsKey: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly fleet: Fleet | undefined;
  readonly watch: BodyWatch;
  readonly finalEvents: FinalEvents;
  readonly #emitter = new Emitter();
  readonly #instrumentation: TelemetryInstrumentation | undefined;
  readonly #lanes = new Map<string, SharedLane>();
  readonly #pools = new LearnedPools();
  readonly #recalled = new RecalledLanes();
  readonly #accountOf = new WeakMap<Lane, Account>();
  #lanesOf = new WeakMap<Account, Map<string, SharedLane>>();
  /** Lanes by account. */
  readonly #laneCounts = new Map<string, number>();
  #lookedAt = 0;
  #fetch: typeof fetch | undefined;
  #closed = false;
  readonly #consoles = new Set<ServedConsole>();
  readonly #warned = new Set<string>();
  #unwatch: (() => void) | undefined;
  #nextCallId = 1;

  constructor(options: GuardOptions = {}, internals: GuardInternals = {}) {
    this.options = resolveOptions(options);
    this.laneOptionsKey = laneOptionsKey(this.options);
    this.clock = internals.clock ?? systemClock;
    this.random = internals.random ?? Math.random;
    this.fleet = internals.fleet ?? (this.options.shared && fleetOf(this.options.shared));
    this.watch = new BodyWatch(this.clock, this.options.bodyIdleTimeoutMs);
    this.finalEvents = new FinalEvents(this.options.finalEvent, (message) => this.warn(message));
    this.#instrumentation =
      this.options.telemetry &&
      createInstrumentation(this.options.telemetry, {
        lanes: () => this.#ownedLanes(),
        runs: this.runs,
        copy: internals.copy,
        priced: this.options.priceOf !== undefined,
        onlyServed,
      });
    if (this.options.unguardedNotice) this.#unwatch = watchRequests(() => this.unguarded);
  }

  wrap<T extends object>(client: T): T {
    this.#expectOpen();
    return wrapClient(client, this);
  }

  get fetch(): typeof fetch {
    return (this.#fetch ??= guardedFetch(this));
  }

  on<T extends GuardEvent['type']>(type: T, listener: (event: Extract<GuardEvent, { type: T }>) => void): () => void {
    if (typeof listener !== 'function') throw new TidegateOptionError('listener', 'a function', listener);
    return this.#emitter.on(type, listener);
  }

  snapshot(): LaneSnapshot[] {
    this.#letGo(this.clock.now());
    return Array.from(this.#lanes.values(), (lane) => lane.snapshot());
  }

  async serveConsole(options: ServeConsoleOptions = {}): Promise<ServedConsole> {
    this.#expectOpen();
    // Whoever shows no page does not load one.
    const { serveGuard } = await import('./console/serve-console.ts');
    const served = await serveGuard(this, options, this.clock);
    if (this.#closed) await served.close();
    this.#expectOpen();
    const kept: ServedConsole = {
      url: served.url,
      close: () => {
        this.#consoles.delete(kept);
        return served.close();
      },
    };
    this.#consoles.add(kept);
    return kept;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const lane of this.#lanes.values()) leaveLane(lane, this);
    this.watch.close();
    this.#unwatch?.();
    this.#instrumentation?.shutdown();
    await Promise.all(Array.from(this.#consoles, (each) => each.close()));
  }

  #expectOpen(): void {
    if (this.#closed)
      throw new TidegateSetupError('closed', 'This guard is closed: create a new one with createGuard().');
  }

  known(lanes: ReadonlySet<string>): KeptLane[] {
    return [...this.#lanes.values()].flatMap((lane) => (lanes.has(lane.label) ? (lane.kept() ?? []) : []));
  }

  recall(lanes: readonly KeptLane[], at: number): void {
    for (const kept of lanes) this.#recalled.keep(laneName(kept), kept, at);
  }

  recalled(lane: Parameters<LaneOwner['recalled']>[0]): RecalledLane | undefined {
    return this.#recalled.take(laneName(lane), this.clock.wall());
  }

  readonly emit = (event: GuardEvent): void => {
    const priced = this.#priced(event);
    this.#instrumentation?.onEvent(priced);
    this.#emitter.emit(priced);
  };

  #priced(event: GuardEvent): GuardEvent {
    const { priceOf } = this.options;
    if (!priceOf || (event.type !== 'call.end' && event.type !== 'attempt.spent')) return event;
    const costUsd = callCost(event, priceOf);
    return costUsd === undefined ? event : { ...event, costUsd };
  }

  /** Tells of a request that no guard sent. */
  readonly unguarded: UnguardedNotice['tell'] = new UnguardedNotice(this).tell;

  guarding(provider: ProviderName): void {
    this.#instrumentation?.prepare(provider);
  }

  readonly #layers = new RetryLayerNotice(this);
  readonly #gaveUp = (call: RunningCall, sent: RequestLike): void => this.#layers.gaveUp(call, sent);
  readonly #hasEndListener = (): boolean =>
    this.#emitter.hears('call.end') || this.#instrumentation?.recording() === true;
  readonly #isHeard = (): boolean => this.#emitter.isHeard || this.#instrumentation?.recording() === true;
  readonly #isClosed = (): boolean => this.#closed;

  #timesChunks(): boolean {
    return this.#emitter.hears('stream.chunk') || this.#instrumentation?.timesChunks() === true;
  }

  readonly #refused = (lane: Lane, { model }: RequestInfo, failure: Failure): void => {
    const account = this.#accountOf.get(lane);
    if (!account || this.options.limitGroup) return;
    const exists = (pool: string): boolean => this.#lanes.has(laneKey(account, pool));
    const warning = this.#pools.refused(account, { model, pool: lane.group, failure, exists });
    if (warning !== undefined) this.warn(warning);
  };

  /** Begins a logical call. Throws the error of a closed guard in the SDK's own class. */
  begin(start: CallStart): Call {
    if (this.#closed) {
      throw start.errors.own('closed', 'This guard is closed.', {
        outcome: 'cancelled',
        dimension: undefined,
        attempts: 0,
        waitedMs: 0,
        limit: undefined,
        remaining: undefined,
        resetMs: undefined,
        advice: 'Create a new guard: this one was closed.',
      });
    }
    const { request, account } = start;
    const now = this.clock.now();
    const lane = this.#lane(start, now);
    const server = serverOf(account.baseURL);
    const context = callContext.getStore();
    const deadlineMs = context?.deadlineMs ?? this.options.deadlineMs;
    const info: CallInfo = {
      id: this.#nextCallId++,
      provider: account.provider,
      operation: request.operation,
      model: request.model,
      stream: request.stream,
      priority: context?.priority ?? 'normal',
      lane: lane.label,
      serverAddress: server.serverAddress,
      serverPort: server.serverPort,
      tier: request.tier,
      outputType: request.outputType,
      api: request.api,
      attributes: request.attributes,
    };
    const leavesFlex = this.options.onFlexUnavailable === 'standard' && request.tier === FLEX;
    const call = new Call({
      place: { lane, info, request },
      adapter: start.adapter,
      sent: start.sent,
      owner: this,
      priority: context?.priority ?? 'normal',
      tenant: context?.tenant,
      signal: start.signal,
      retries: start.retries,
      startedAt: now,
      deadlineAt: deadlineMs === undefined ? Infinity : now + deadlineMs,
      firstContentTimeoutMs: context?.firstContentTimeoutMs ?? this.options.firstContentTimeoutMs ?? Infinity,
      stallTimeoutMs: context?.stallTimeoutMs ?? this.options.stallTimeoutMs ?? Infinity,
      clock: this.clock,
      errors: start.errors,
      instrumentation: this.#instrumentation,
      emit: this.emit,
      isHeard: this.#isHeard,
      hasEndListener: this.#hasEndListener,
      timesChunks: request.stream && this.#timesChunks(),
      closed: this.#isClosed,
      withoutFlex: leavesFlex ? () => this.#standard(start, info) : undefined,
      refused: this.#refused,
      gaveUp: this.#gaveUp,
    });
    this.#layers.begins(call, start.sent, start.header);
    return call;
  }

  /** Where a call counts that asks for flex no more. */
  #standard(start: CallStart, info: CallInfo): CallPlace {
    const { tier: _, ...request } = start.request;
    const lane = this.#lane({ ...start, request }, this.clock.now());
    return { lane, request, info: { ...info, lane: lane.label } };
  }

  get maxAttempts(): number {
    return this.options.retry.maxAttempts;
  }

  get sdkSpans(): 'suppress' | 'nest' | 'default' | undefined {
    const { telemetry } = this.options;
    return telemetry && telemetry.spans !== false ? (telemetry.sdkSpans ?? 'default') : undefined;
  }

  get countTokens(): ((body: unknown) => number) | undefined {
    return this.options.pacing?.countTokens;
  }

  /** Emits a `warning` event; without listeners, falls back to `process.emitWarning`, once per message. */
  warn(message: string): void {
    this.emit({ type: 'warning', message });
    if (this.#emitter.hears('warning') || this.#warned.has(message) || this.#warned.size >= MAX_WARNINGS) return;
    this.#warned.add(message);
    process.emitWarning(message, 'TidegateWarning');
  }

  propagationHeaders(attempt: Attempt): Readonly<Record<string, string>> {
    return this.#instrumentation?.propagationHeaders(attempt.call.info, attempt.number) ?? {};
  }

  #lane(start: CallStart, now: number): SharedLane {
    this.#letGo(now);
    const lane = this.#find(start);
    lane.usedAt = now;
    return lane;
  }

  /** Leaves the lanes that nobody uses any more. Looked at when somebody calls or looks, at most once a minute. */
  #letGo(now: number): void {
    if (now - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#lookedAt = now;
    let left = false;
    for (const [key, lane] of this.#lanes) {
      if (!isIdle(lane, now)) continue;
      this.#lanes.delete(key);
      this.#count(this.#accountOf.get(lane)!, -1);
      leaveLane(lane, this);
      left = true;
    }
    if (left) this.#lanesOf = new WeakMap();
  }

  #find(start: CallStart): SharedLane {
    const group = this.#group(start);
    // A client's account stays one object for as long as it is the same account.
    let known = this.#lanesOf.get(start.account);
    if (!known) this.#lanesOf.set(start.account, (known = new Map()));
    let lane = known.get(group);
    if (lane) return lane;
    if (!this.#hasRoom(start.account, group)) return this.#join(start, this.#common(start));
    known.set(group, (lane = this.#join(start, group)));
    return lane;
  }

  /** The group of what comes after too many others. */
  #common(start: CallStart): string {
    const { account, request } = start;
    if (!this.options.limitGroup) return request.operation;
    this.warn(`Expected \`limitGroup\` to return at most ${MAX_GROUPS} different groups.`);
    const pool = this.#pool(account, request);
    return this.#hasRoom(account, pool) || pool === request.operation ? pool : request.operation;
  }

  #join(start: CallStart, group: string): SharedLane {
    const { provider, baseURL, credential } = start.account;
    const key = laneKey(start.account, group);
    let lane = this.#lanes.get(key);
    if (!lane) {
      this.#lanes.set(key, (lane = joinLane({ provider, baseURL, credential, group }, start.adapter.charge, this)));
      this.#accountOf.set(lane, { provider, baseURL, credential });
      this.#count(start.account, 1);
    }
    return lane;
  }

  #count(account: Account, change: 1 | -1): void {
    const key = laneKey(account, '');
    const count = (this.#laneCounts.get(key) ?? 0) + change;
    if (count === 0) this.#laneCounts.delete(key);
    else this.#laneCounts.set(key, count);
  }

  /** Whether there is a lane for a group, or room for one. */
  #hasRoom(account: Account, group: string): boolean {
    const count = this.#laneCounts.get(laneKey(account, '')) ?? 0;
    return count < MAX_GROUPS || this.#lanes.has(laneKey(account, group));
  }

  #group({ account, request }: CallStart): string {
    const { limitGroup } = this.options;
    if (limitGroup) {
      try {
        const group: unknown = limitGroup(request.model);
        if (typeof group === 'string' && group !== '' && group.length <= MAX_GROUP_LENGTH) {
          return group;
        }
        disown(group);
        const expected = `a string of 1 to ${MAX_GROUP_LENGTH} characters`;
        this.warn(`Expected \`limitGroup\` to return ${expected}, got ${kindOf(group)}.`);
      } catch (error) {
        this.warn(`limitGroup threw ${thrownKind(error)}.`);
      }
    }
    return this.#pool(account, request);
  }

  #pool(account: Account, request: RequestInfo): string {
    const pool = limitPool(account.provider, request);
    return pool === undefined ? request.operation : this.#pools.resolve(account, pool, request.model);
  }

  /** Lanes whose gauges this guard publishes: a shared lane has one publisher. */
  #ownedLanes(): LaneSnapshot[] {
    this.#letGo(this.clock.now());
    const rows: LaneSnapshot[] = [];
    for (const lane of this.#lanes.values()) {
      const [first] = lane.owners;
      if (first === this) rows.push(lane.snapshot());
    }
    return rows;
  }
}

function laneKey({ provider, baseURL, credential }: Account, group: string): string {
  return [provider, baseURL, credential, group].join('\n');
}
