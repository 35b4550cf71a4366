import { callContext } from './call-context.ts';
import type { Attempt, RunningCall } from './core/attempt.ts';
import { Call } from './core/call.ts';
import { type Clock, systemClock } from './core/clock.ts';
import type { CallPlace } from './core/call-settings.ts';
import { Emitter } from './core/emitter.ts';
import type { CallInfo, GuardEvent } from './core/events.ts';
import type { LaneSnapshot } from './core/snapshot.ts';
import { type HasMemory, type KeptLane, laneName } from './core/kept-lane.ts';
import type { FetchesOf } from './core/fetch-of.ts';
import type { HasRuns } from './core/live-runs.ts';
import type { ProviderName, RequestLike } from './core/provider.ts';
import type { ServeConsoleOptions, ServedConsole } from './console/options.ts';
import { callCost } from './cost/call-cost.ts';
import { TidegateOptionError, TidegateSetupError } from './errors.ts';
import { type Fleet, fleetOf } from './fleet/fleet.ts';
import { GuardLanes } from './guard-lanes.ts';
import { type LaneOwner, laneOptionsKey } from './lane-registry.ts';
import { type GuardOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { BodyWatch } from './providers/body/abandoned-bodies.ts';
import { FinalEvents } from './providers/body/final-events.ts';
import { FLEX } from './providers/request/flex-tier.ts';
import type { CallHost, CallStart } from './providers/seam/call-host.ts';
import { guardedFetch } from './providers/seam/guarded-fetch.ts';
import { wrapClient } from './providers/seam/guard-client.ts';
import { onlyServed } from './process-state.ts';
import { type RecalledLane, RecalledLanes } from './recalled-lanes.ts';
import { RetryLayerNotice } from './retry-layers/notice.ts';
import { serverOf } from './server-address.ts';
import { createInstrumentation, type TelemetryInstrumentation } from './telemetry/instrumentation.ts';
import { UnguardedNotice } from './unguarded/notice.ts';
import { watchRequests } from './unguarded/watch-requests.ts';

/** Guards clients: shares lanes among them, emits events, and can be closed. */
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
  /** Listens to events of one type; the returned function stops it. Errors of a listener do not affect calls. */
  on<T extends GuardEvent['type']>(type: T, listener: (event: Extract<GuardEvent, { type: T }>) => void): () => void;
  /** The state of every lane, as plain data. */
  snapshot(): LaneSnapshot[];
  /**
   * Serves a read-only page that shows lanes, limits, queues, refusals and costs live, on this machine only. It does not
   * keep the process alive.
   *
   * @throws TidegateOptionError for a bad option; TidegateSetupError when the address cannot be used or this guard is closed
   */
  serveConsole(options?: ServeConsoleOptions): Promise<ServedConsole>;
  /**
   * Refuses queued and later calls with code `closed`. Responses in flight can be read to their end. Leaves no handle.
   */
  close(): Promise<void>;
}

/** Beyond this many distinct warnings, the application is probably warning in a loop. */
const MAX_WARNINGS = 20;

/** Internal settings. */
export interface GuardInternals {
  /** Name of this copy of tidegate if several report side by side. */
  readonly copy?: string | undefined;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly fleet?: Fleet;
}

export class GuardCore implements Guard, LaneOwner, CallHost, HasRuns, HasMemory, FetchesOf {
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
  readonly #lanes = new GuardLanes(this);
  readonly #recalled = new RecalledLanes();
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
        lanes: () => this.#lanes.ownedSnapshot(),
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

  fetchOf(provider: ProviderName): typeof fetch {
    return guardedFetch(this, provider);
  }

  on<T extends GuardEvent['type']>(type: T, listener: (event: Extract<GuardEvent, { type: T }>) => void): () => void {
    if (typeof listener !== 'function') throw new TidegateOptionError('listener', 'a function', listener);
    return this.#emitter.on(type, listener);
  }

  snapshot(): LaneSnapshot[] {
    return this.#lanes.snapshot();
  }

  async serveConsole(options: ServeConsoleOptions = {}): Promise<ServedConsole> {
    this.#expectOpen();
    // Loaded on demand: most applications never show the page.
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
    this.#lanes.close();
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
    return [...this.#lanes.all()].flatMap((lane) => (lanes.has(lane.label) ? (lane.kept() ?? []) : []));
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

  /** Reports an unguarded request. */
  readonly unguarded: UnguardedNotice['report'] = new UnguardedNotice(this).report;

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

  readonly #refused: GuardLanes['refused'] = (...refusal) => this.#lanes.refused(...refusal);

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
    const lane = this.#lanes.laneOf(start, now);
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

  /** The place of a call that no longer asks for flex. */
  #standard(start: CallStart, info: CallInfo): CallPlace {
    const { tier: _, ...request } = start.request;
    const lane = this.#lanes.laneOf({ ...start, request }, this.clock.now());
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
}
