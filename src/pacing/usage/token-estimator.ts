import type { Usage } from '../../core/outcome.ts';
import type { RequestInfo } from '../../core/provider.ts';

/** English text in UTF-8; the ratio of actual to estimate corrects it for everything else. */
const BYTES_PER_TOKEN = 3.6;
const FIRST_OUTPUT = 512;
const MAX_MODELS = 64;
/** Weight of the newest call; the first calls count more. */
const LEAST_WEIGHT = 0.05;

interface ModelStats {
  calls: number;
  /** Actual input tokens by estimated ones. */
  inputRatio: number;
  output: number;
  /** Mean absolute deviation of the output. */
  outputSpread: number;
}

export interface Estimate {
  readonly rawInputTokens: number;
  readonly inputTokens: number;
  readonly expectedOutputTokens: number;
}

/** Guesses the tokens of a call from its size and from what calls to its model used before. */
export class Estimator {
  /** Calls that were learned from. */
  calls = 0;
  readonly #models = new Map<string, ModelStats>();

  estimate(info: RequestInfo): Estimate {
    const stats = this.#models.get(info.model ?? '');
    const rawInputTokens = info.inputBytes / BYTES_PER_TOKEN;
    const most = info.maxOutputTokens ?? Infinity;
    // Rather too much: what is in flight is corrected when it ends, and until then it must not be too little.
    const output = stats
      ? stats.output + stats.outputSpread
      : Math.max(FIRST_OUTPUT, 0.3 * (info.maxOutputTokens ?? 0));
    return {
      rawInputTokens,
      inputTokens: info.inputTokens ?? Math.ceil(rawInputTokens * (stats?.inputRatio ?? 1)),
      expectedOutputTokens: info.operation === 'embeddings' ? 0 : Math.ceil(Math.min(most, output)),
    };
  }

  observe(info: RequestInfo, rawInputTokens: number, usage: Usage): void {
    const model = info.model ?? '';
    let stats = this.#models.get(model);
    if (!stats) {
      if (this.#models.size >= MAX_MODELS) this.#models.delete(this.#models.keys().next().value!);
      stats = { calls: 0, inputRatio: 1, output: usage.outputTokens, outputSpread: usage.outputTokens / 2 };
      this.#models.set(model, stats);
    }
    stats.calls++;
    this.calls++;
    const weight = Math.max(LEAST_WEIGHT, 1 / stats.calls);
    if (rawInputTokens > 0 && usage.inputTokens > 0) {
      stats.inputRatio += (usage.inputTokens / rawInputTokens - stats.inputRatio) * weight;
    }
    const off = usage.outputTokens - stats.output;
    stats.output += off * weight;
    stats.outputSpread += (Math.abs(off) - stats.outputSpread) * weight;
  }
}
