import { type Dialect, type ErrorAnswer, type ErrorContext, retryHeaders } from './dialects/dialect.ts';
import { DIALECTS } from './dialects/dialects.ts';
import type { SimulatorFaults } from './faults/faults.ts';
import { checkFaults, FaultPicker } from './faults/faults.ts';
import type { Refusal } from './limits/limit-engine-types.ts';
import type { LimitLevel } from './limits/limit-view.ts';
import { LimitEngine } from './limits/limit-engine.ts';
import type { LimitSources } from './limits/limit-table.ts';
import { limitTable, mergeSources } from './limits/limit-table.ts';
import { resolveLatency, type SimulatorLatency } from './latency.ts';
import type { ResolvedOptions } from './options.ts';
import { PromptCache } from './apis/prompt-cache.ts';
import type { Random } from './random.ts';
import { mulberry32, randomId } from './random.ts';
import { Statistics } from './statistics.ts';
import { Store } from './apis/store.ts';
import { checkKeys } from './validate.ts';
import type { WorkContext } from './apis/work.ts';

/** Settings that can change while a simulator runs; a given section replaces the previous one. */
export interface SimulatorUpdate extends LimitSources {
  /** `{}` ends every fault. Times in it count from now. */
  readonly faults?: SimulatorFaults;
  readonly latency?: SimulatorLatency;
}

/** The state of one simulated provider, apart from HTTP. */
export class Simulation {
  readonly options: ResolvedOptions;
  readonly dialect: Dialect;
  readonly engine: LimitEngine;
  readonly statistics: Statistics;
  readonly store: Store = new Store();
  readonly #promptCache: PromptCache | undefined;
  // Separate sequences, so that an additional request in one does not shift the others.
  readonly #ids: Random;
  readonly #delays: Random;
  readonly #hints: Random;
  /** State of the headers at the last answer, by account and model. */
  readonly #previous = new Map<string, readonly LimitLevel[]>();
  #picker: FaultPicker;
  #sources: LimitSources;
  #latency: Required<SimulatorLatency>;
  #tierChangeAt = Infinity;
  #updates = 0;

  constructor(options: ResolvedOptions) {
    const now = options.clock.now();
    this.options = options;
    this.dialect = DIALECTS[options.provider];
    this.engine = new LimitEngine({
      provider: options.provider,
      limitsOf: limitTable(options.provider, options.sources),
      bucketSeconds: options.bucketSeconds,
      initialFill: options.initialFill,
      outputCounting: options.outputCounting,
      refusedCounting: options.refusedCounting,
      limiter: options.limiter,
      countsAtEnd: options.countsAtEnd,
      clockStart: now - (options.clock.wall() % 60_000),
      view: options.headerDialect.view,
      scope: options.headerDialect.scope,
    });
    this.statistics = new Statistics(now);
    this.#promptCache = options.promptCache ? new PromptCache() : undefined;
    this.#ids = mulberry32(options.seed);
    this.#delays = mulberry32(options.seed + 1);
    this.#hints = mulberry32(options.seed + 2);
    this.#sources = options.sources;
    this.#latency = options.latency;
    this.#picker = this.#setFaults(options.faults, now);
  }

  get faults(): FaultPicker {
    return this.#picker;
  }

  update(change: SimulatorUpdate): void {
    checkKeys(change, 'update', ['preset', 'limits', 'modelLimits', 'faults', 'latency']);
    const { provider, clock } = this.options;
    const now = clock.now();
    const sources = mergeSources(this.#sources, change);
    const limitsOf = limitTable(provider, sources);
    if (change.faults) checkFaults(provider, change.faults);
    const latency = change.latency && resolveLatency(change.latency);
    // Validate everything before changing anything.
    this.sync(now);
    if (latency) this.#latency = latency;
    if (change.preset ?? change.limits ?? change.modelLimits) {
      this.#sources = sources;
      this.engine.setLimits(limitsOf, now);
    }
    if (change.faults) this.#picker = this.#setFaults(change.faults, now);
  }

  /** Applies changes that are due. Call before asking the limits. */
  sync(now: number): void {
    if (now < this.#tierChangeAt) return;
    this.#sources = mergeSources(this.#sources, this.#picker.faults.tierChange!);
    this.engine.setLimits(limitTable(this.options.provider, this.#sources), this.#tierChangeAt);
    this.#tierChangeAt = Infinity;
  }

  newRequestId(): string {
    const id = randomId(this.#ids, 24);
    return `${this.dialect.requestIdPrefix}${this.options.provider === 'groq' ? id.toLowerCase() : id}`;
  }

  workContext(organization: string, requestId: string): WorkContext {
    const { provider, reply, countTokens, clock } = this.options;
    return {
      provider,
      settings: reply,
      countTokens,
      promptCache: this.#promptCache,
      organization,
      requestId,
      random: this.#ids,
      now: clock.now(),
      warmMs: this.#latency.baseMs * (1 - this.#latency.jitter),
      wallMs: clock.wall(),
    };
  }

  errorContext(organization: string, requestId: string, model: string, apiVersion: string | null): ErrorContext {
    return {
      model,
      organization,
      requestId,
      wallMs: this.options.clock.wall(),
      apiVersion: apiVersion ?? '2024-10-21',
      retryHeader: this.options.retryHeader,
      concurrencyThrottles: this.options.concurrencyThrottles,
      retryAfterSeconds: this.#picker.faults.retryAfterSeconds,
    };
  }

  /** Rate-limit headers as they are now. */
  limitHeaders(organization: string, model: string, isError: boolean): Record<string, string> {
    const { headers = 'normal', retryAfterOnSuccess } = this.#picker.faults;
    const { clock, requestsHeader, epochResets, headerDialect } = this.options;
    const levels = this.#statedLevels(
      `${organization}\n${model}`,
      this.engine.levels(organization, model, clock.now()),
    );
    if (headers === 'missing' || headers === (isError ? 'success_only' : 'failure_only')) return {};
    if (headers === 'negative') return { ...this.dialect.negativeHeaders };
    const { absoluteResets } = headerDialect;
    const wallMs = clock.wall();
    const written = this.dialect.limitHeaders(levels, { wallMs, requestsHeader, epochResets, absoluteResets });
    if (!isError && retryAfterOnSuccess === true) {
      const longest = Math.max(1_000, ...levels.map((level) => level.fullInMs));
      written['retry-after'] = String(Math.ceil(longest / 1_000));
    }
    return written;
  }

  /** The answer to a request that a limit refuses. */
  refuse(refusal: Refusal, context: ErrorContext): ErrorAnswer {
    const { hintError = 0 } = this.#picker.faults;
    const wrong = hintError === 0 ? 1 : 1 + hintError * (2 * this.#hints() - 1);
    const waitMs = refusal.waitMs === undefined ? undefined : refusal.waitMs * wrong;
    if (!this.options.muteRefusals || refusal.tooLarge) return this.dialect.refuse({ ...refusal, waitMs }, context);
    const mute = this.dialect.faults.unknown_429!(context);
    return { ...mute, headers: { ...mute.headers, ...retryHeaders(waitMs, context) } };
  }

  /** The state that an answer's headers describe: at its own admission, or at the previous one. */
  #statedLevels(key: string, levels: readonly LimitLevel[]): readonly LimitLevel[] {
    if (!this.options.headerDialect.late) return levels;
    const stated = this.#previous.get(key) ?? [];
    this.#previous.set(key, levels);
    return stated;
  }

  /** Milliseconds to the first token, and for each token. */
  delays(): { readonly baseMs: number; readonly perTokenMs: number } {
    const { baseMs, perTokenMs, jitter } = this.#latency;
    const factor = 1 + jitter * (2 * this.#delays() - 1);
    return { baseMs: baseMs * factor, perTokenMs: perTokenMs * factor };
  }

  #setFaults(faults: SimulatorFaults, now: number): FaultPicker {
    const { neighbour, ramp, tierChange } = faults;
    this.engine.setNeighbour(
      neighbour && {
        share: neighbour.share,
        fromMs: now + (neighbour.fromMs ?? 0),
        untilMs: now + (neighbour.untilMs ?? Infinity),
      },
      now,
    );
    this.engine.setRamp(ramp, now);
    this.#tierChangeAt = tierChange ? now + tierChange.atMs : Infinity;
    this.#updates += 1;
    return new FaultPicker(faults, now, mulberry32(this.options.seed + 1_000 + this.#updates));
  }
}
