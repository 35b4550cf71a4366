import { keepNewest } from '../../core/keep-newest.ts';
import type { Usage } from '../../core/outcome.ts';
import type { HiddenInput, RequestInfo } from '../../core/provider.ts';
import type { LearnedModel, LearnedTokens } from './learned-tokens.ts';
import { rawTokens, TextTokens } from './text-tokens.ts';

const FIRST_OUTPUT = 512;
const MAX_MODELS = 64;
/** Weight of the newest call; the first calls weigh more. */
const MIN_WEIGHT = 0.05;
/** Assumed tokens of an image, a file or another part until one has been observed. */
const FIRST_PART = 1_000;
const KEPT_PARTS = 8;
/** Weight of the newest call in the cached share. High, since a prompt is either cached or not. */
const CACHE_WEIGHT = 0.3;
/** Runs of one letter or of spaces form the longest tokens; meaningful text needs far more. */
const MAX_BYTES_PER_TOKEN = 64;

interface ModelStats extends Omit<LearnedModel, 'text'> {
  calls: number;
  readonly text: TextTokens;
  readonly hidden: Map<HiddenInput, { parts: number; tokens: number }>;
  countedShare: number | undefined;
  output: number;
}

export interface Estimate {
  readonly rawInputTokens: number;
  readonly inputTokens: number;
  /** Input that limits will count, excluding what a cache is expected to supply. */
  readonly countedInputTokens: number;
  /** Lower bound of the input with any tokenizer. */
  readonly leastInputTokens: number;
  readonly expectedOutputTokens: number;
  /** Whether usage of such a call has ever been observed. */
  readonly confirmed: boolean;
}

/** Estimates a call's tokens from its size and from the usage of similar calls to its model. */
export class Estimator {
  /** Number of calls learned from. */
  calls = 0;
  readonly #models = new Map<string, ModelStats>();
  #elsewhere: LearnedTokens | undefined;

  /** Adopts what other processes have learned, for models unknown here. */
  adopt(learned: LearnedTokens): void {
    this.#elsewhere = learned;
    // Invalidates earlier estimates.
    this.calls++;
  }

  /** Everything learned, newest models last. */
  learned(): Map<string, LearnedModel> {
    return new Map(Array.from(this.#models, ([model, stats]) => [model, { ...stats, text: stats.text.learned }]));
  }

  /** `mayBeCached`: whether part of the input may come from a cache and not count. */
  estimate(info: RequestInfo, mayBeCached = false): Estimate {
    const stats = this.#known(info.model ?? '');
    const rawInputTokens = rawTokens(info.inputBytes);
    const exact = info.inputTokens;
    const inputTokens = exact ?? Math.ceil(this.#text(stats, rawInputTokens) + hiddenTokens(stats, info));
    const most = info.maxOutputTokens ?? Infinity;
    // The mean suffices: over many calls in flight, differences cancel out.
    const output = stats ? stats.output : Math.max(FIRST_OUTPUT, 0.3 * (info.maxOutputTokens ?? 0));
    return {
      rawInputTokens,
      inputTokens,
      countedInputTokens: mayBeCached ? Math.ceil(inputTokens * (stats?.countedShare ?? 1)) : inputTokens,
      leastInputTokens: mayBeCached ? 0 : (exact ?? info.inputBytes / MAX_BYTES_PER_TOKEN),
      expectedOutputTokens: info.operation === 'embeddings' ? 0 : Math.ceil(Math.min(most, output)),
      confirmed: exact !== undefined || isKnown(stats, info),
    };
  }

  /** `counted`: the input tokens that limits count. */
  observe(info: RequestInfo, usage: Usage, counted: number, mayBeCached = false): void {
    const stats = this.#statsOf(info.model ?? '', usage);
    stats.calls++;
    this.calls++;
    const raw = rawTokens(info.inputBytes);
    if (usage.inputTokens > 0) {
      if (info.hidden) this.#learnHidden(stats, info.hidden, usage.inputTokens - stats.text.estimate(raw));
      else if (raw > 0) stats.text.observe(raw, usage.inputTokens);
      if (mayBeCached) {
        const share = counted / usage.inputTokens;
        stats.countedShare =
          stats.countedShare === undefined ? share : stats.countedShare + (share - stats.countedShare) * CACHE_WEIGHT;
      }
    }
    const weight = Math.max(MIN_WEIGHT, 1 / stats.calls);
    stats.output += (usage.outputTokens - stats.output) * weight;
  }

  #text(stats: ModelStats | undefined, raw: number): number {
    return stats ? stats.text.estimate(raw) : raw;
  }

  #learnHidden(stats: ModelStats, { kind, parts }: NonNullable<RequestInfo['hidden']>, tokens: number): void {
    if (parts <= 0) return;
    const known = stats.hidden.get(kind) ?? { parts: 0, tokens: 0 };
    const kept = Math.min(1, KEPT_PARTS / (known.parts + parts));
    stats.hidden.set(kind, {
      parts: (known.parts + parts) * kept,
      tokens: (known.tokens + Math.max(0, tokens)) * kept,
    });
  }

  #statsOf(model: string, usage: Usage): ModelStats {
    const { outputTokens } = usage;
    return (
      this.#known(model) ??
      this.#keep(model, {
        calls: 0,
        text: new TextTokens(),
        hidden: new Map(),
        countedShare: undefined,
        output: outputTokens,
      })
    );
  }

  #known(model: string): ModelStats | undefined {
    const known = this.#models.get(model);
    if (known || !this.#elsewhere) return known;
    const told = this.#elsewhere.of(model);
    return told && this.#keep(model, { ...told, text: TextTokens.of(told.text), hidden: new Map(told.hidden) });
  }

  #keep(model: string, stats: ModelStats): ModelStats {
    keepNewest(this.#models, model, stats, MAX_MODELS);
    return stats;
  }
}

function hiddenTokens(stats: ModelStats | undefined, { hidden }: RequestInfo): number {
  if (!hidden) return 0;
  const known = stats?.hidden.get(hidden.kind);
  return hidden.parts * (known ? known.tokens / known.parts : FIRST_PART);
}

function isKnown(stats: ModelStats | undefined, { hidden }: RequestInfo): boolean {
  if (!stats) return false;
  return hidden ? stats.hidden.has(hidden.kind) : stats.text.calls > 0;
}
