import type { Attributes } from '@opentelemetry/api';
import type { Operation } from '../core/provider.ts';
import type { Usage } from '../core/outcome.ts';
import { add } from './counter-cells.ts';
import type { CounterName } from './instruments.ts';
import type { MeterBinding } from './meter-binding.ts';
import { ATTR } from './names.ts';
import type { Semconv } from './semconv.ts';
import type { Series } from './series.ts';

/**
 * The metrics of the GenAI conventions. `compat` emits what dashboards know today; `latest` splits them by kind of
 * operation and has none for operations without a convention.
 */
export class GenAiMetrics {
  readonly #binding: MeterBinding;
  readonly #compat: boolean;
  readonly #latest: boolean;

  constructor(binding: MeterBinding, semconv: Semconv) {
    this.#binding = binding;
    this.#compat = semconv !== 'latest';
    this.#latest = semconv !== 'compat';
  }

  firstChunk(operation: Operation, seconds: number, attributes: Attributes): void {
    if (this.#compat) this.#binding.histogram('firstChunk').record(seconds, attributes);
    if (this.#latest && isInference(operation)) {
      this.#binding.histogram('inferenceFirstChunk').record(seconds, attributes);
    }
  }

  duration(operation: Operation, seconds: number, attributes: Attributes): void {
    if (this.#compat) this.#binding.histogram('operationDuration').record(seconds, attributes);
    if (!this.#latest) return;
    if (isInference(operation)) this.#binding.histogram('inferenceDuration').record(seconds, attributes);
    if (operation === 'embeddings') this.#binding.histogram('embeddingsDuration').record(seconds, attributes);
  }

  /** Called once a call; the conventions count a call without usage as 0. */
  usage(operation: Operation, usage: Usage | undefined, series: Series): void {
    if (this.#compat && usage) {
      const histogram = this.#binding.histogram('tokenUsage');
      histogram.record(usage.inputTokens, series.tokenType.input);
      // Embeddings and their like have no output at all.
      if (usage.outputTokens > 0) histogram.record(usage.outputTokens, series.tokenType.output);
    }
    if (!this.#latest) return;
    if (isInference(operation)) {
      const attributes = { ...series.base, [ATTR.tokenModality]: 'unknown' };
      for (const [counter, read] of INFERENCE_COUNTERS) {
        add(this.#binding.counter(counter).cell(attributes), usage ? read(usage) : 0);
      }
      if (!usage) return;
      this.#binding.histogram('inferenceInputTokens').record(usage.inputTokens, series.base);
      this.#binding.histogram('inferenceOutputTokens').record(usage.outputTokens, series.base);
    } else if (operation === 'embeddings' && usage) {
      this.#binding.histogram('embeddingsInputTokens').record(usage.inputTokens, series.base);
    }
  }
}

const INFERENCE_COUNTERS: readonly (readonly [CounterName, (usage: Usage) => number])[] = [
  ['inferenceInput', (usage) => usage.inputTokens],
  ['inferenceOutput', (usage) => usage.outputTokens],
  ['inferenceCacheRead', (usage) => usage.cacheReadTokens],
  ['inferenceCacheWrite', (usage) => usage.cacheWriteTokens],
  ['inferenceReasoning', (usage) => usage.reasoningTokens],
];

function isInference(operation: Operation): boolean {
  return operation === 'chat' || operation === 'text_completion';
}
