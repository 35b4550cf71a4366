import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentKey } from '../../batch/item-key.ts';
import { KeyTable } from '../../batch/key-table.ts';
import { pricedTier } from '../../cost/service-tier.ts';
import { adapterFor } from '../../providers/registry.ts';
import { promptBeginnings } from './prompt-beginnings.ts';
import type { Row } from './row-format.ts';
import { type BatchProvider, providerName } from './target.ts';
import { type Interval, tokenInterval } from './token-interval.ts';

/** Totals of the calls with the same model and service tier. */
export interface ModelTotals {
  /** '' for rows without a model. */
  readonly model: string;
  /** Undefined for the default. */
  readonly tier: string | undefined;
  readonly calls: number;
  readonly inputTokens: Interval;
  /** Part of the minimum input that may be read from the provider's cache. */
  readonly cachedTokens: number;
  /** Part of the maximum input that may be written to the cache, at a separate price. */
  readonly writtenTokens: number;
  /** Sum of the calls' output maxima; undefined if one has none. */
  readonly outputTokens: number | undefined;
  /** Whether a call has input whose tokens cannot be estimated from text, such as images. */
  readonly hidden: boolean;
}

/** Minimum bytes of 1,024 tokens of any text; shorter prompts are not cached. */
const CACHED_BYTES = [1_200];
const WITHOUT_OUTPUT: ReadonlySet<string> = new Set(['embeddings', 'moderation', 'count_tokens']);

/**
 * Totals of the rows for a forecast. Collected only when needed, since estimating tokens takes longer than reading the
 * rows.
 */
export class InputTotals {
  /** All rows, including identical ones. */
  rows = 0;
  readonly #models = new Map<string, ModelTotals>();
  readonly #provider: BatchProvider;
  readonly #dedupe: boolean;
  readonly #seen = new KeyTable(() => join(tmpdir(), `tidegate-seen-${crypto.randomUUID()}`));

  constructor(provider: BatchProvider, dedupe: boolean) {
    this.#provider = provider;
    this.#dedupe = dedupe;
  }

  all(): readonly ModelTotals[] {
    return [...this.#models.values()];
  }

  add(row: Row): void {
    this.rows++;
    const { url, body } = row;
    if (this.#dedupe && this.#isSeen(contentKey([url, body]))) return;
    const info = adapterFor(providerName(this.#provider)).describe({ method: 'POST', path: url, body });
    const model = typeof body['model'] === 'string' ? body['model'] : '';
    const { service_tier: tier, speed } = body;
    const named = pricedTier(speed === 'fast' ? speed : typeof tier === 'string' ? tier : undefined);
    const key = `${named ?? ''} ${model}`;
    const before = this.#models.get(key) ?? NONE;
    const hidden = info.hidden !== undefined;
    const [least, most] = tokenInterval({ ...body, model: undefined }, hidden);
    const [beginning] = promptBeginnings(this.#provider, row, CACHED_BYTES);
    const isCached = beginning !== undefined && this.#isSeen(beginning);
    const output = info.maxOutputTokens ?? (WITHOUT_OUTPUT.has(info.operation) ? 0 : undefined);
    this.#models.set(key, {
      model,
      tier: named,
      calls: before.calls + 1,
      inputTokens: [before.inputTokens[0] + least, before.inputTokens[1] + most],
      cachedTokens: before.cachedTokens + (isCached ? least : 0),
      writtenTokens: before.writtenTokens + (info.cached === true ? most : 0),
      outputTokens:
        output === undefined || before.outputTokens === undefined ? undefined : before.outputTokens + output,
      hidden: before.hidden || hidden,
    });
  }

  close(): void {
    this.#seen.close();
  }

  #isSeen(key: string): boolean {
    if (this.#seen.get(key) !== undefined) return true;
    this.#seen.set(key, 1);
    return false;
  }
}

const NONE = {
  calls: 0,
  inputTokens: [0, 0],
  cachedTokens: 0,
  writtenTokens: 0,
  outputTokens: 0,
  hidden: false,
} as const;
