import type { Attributes } from '@opentelemetry/api';
import type { GuardEvent } from '../core/events.ts';
import type { Usage } from '../core/outcome.ts';
import type { Operation } from '../core/provider.ts';
import { add } from './counter-cells.ts';
import { GenAiLabels } from './gen-ai-labels.ts';
import type { CounterName } from './instruments.ts';
import type { MeterBinding } from './meter-binding.ts';
import { ATTR } from './names.ts';
import type { Semconv } from './semconv.ts';
import type { Series } from './series.ts';

type EventOf<T extends GuardEvent['type']> = Extract<GuardEvent, { type: T }>;

export interface GenAiSettings {
  readonly semconv: Semconv;
  readonly maxModels: number;
  readonly detailed: boolean;
}

/**
 * The metrics of the GenAI conventions. `compat` emits what dashboards know today; `latest` splits them by kind of
 * operation and has none for operations without a convention.
 */
export class GenAiMetrics {
  readonly #binding: MeterBinding;
  readonly #compat: boolean;
  readonly #latest: boolean;
  readonly #detailed: boolean;
  readonly #labels: GenAiLabels;

  constructor(binding: MeterBinding, { semconv, maxModels, detailed }: GenAiSettings) {
    this.#binding = binding;
    this.#compat = semconv !== 'latest';
    this.#latest = semconv !== 'compat';
    this.#detailed = detailed;
    this.#labels = new GenAiLabels(maxModels);
  }

  firstChunk({ call, sinceStartMs, responseModel }: EventOf<'stream.first_chunk'>, series: Series): void {
    const seconds = sinceStartMs / 1_000;
    const attributes = this.#labels.of(series, call, responseModel);
    if (this.#compat) this.#binding.histogram('firstChunk').record(seconds, attributes);
    if (this.#latest && isInference(call.operation)) {
      this.#binding.histogram('inferenceFirstChunk').record(seconds, attributes);
    }
  }

  furtherChunk({ call, sinceLastMs, responseModel }: EventOf<'stream.chunk'>, series: Series): void {
    if (!this.#detailed) return;
    const seconds = sinceLastMs / 1_000;
    const attributes = this.#labels.of(series, call, responseModel);
    if (this.#compat) this.#binding.histogram('furtherChunk').record(seconds, attributes);
    if (this.#latest && isInference(call.operation)) {
      this.#binding.histogram('inferenceFurtherChunk').record(seconds, attributes);
    }
  }

  /** `errorType` is a label from the closed set; undefined where the call did not fail. */
  ended(event: EventOf<'call.end'>, errorType: string | undefined, series: Series): void {
    const { call, durationMs, usage, response } = event;
    const attributes = this.#labels.of(series, call, response.model, errorType);
    this.#duration(call.operation, durationMs / 1_000, attributes);
    // A failed call has no error of its own on its tokens.
    if (this.#detailed || this.#latest) {
      const answered = errorType === undefined ? attributes : this.#labels.of(series, call, response.model);
      if (this.#latest) this.#count(call.operation, usage, answered);
      if (this.#detailed && usage) this.#distribute(call.operation, usage, answered);
    }
  }

  #duration(operation: Operation, seconds: number, attributes: Attributes): void {
    if (this.#compat) this.#binding.histogram('operationDuration').record(seconds, attributes);
    if (!this.#latest) return;
    if (isInference(operation)) this.#binding.histogram('inferenceDuration').record(seconds, attributes);
    if (operation === 'embeddings') this.#binding.histogram('embeddingsDuration').record(seconds, attributes);
  }

  /** Once a call; the conventions count one without usage as 0. */
  #count(operation: Operation, usage: Usage | undefined, attributes: Attributes): void {
    if (!isInference(operation)) return;
    const counted = { ...attributes, [ATTR.tokenModality]: 'unknown' };
    for (const [counter, read] of INFERENCE_COUNTERS) {
      add(this.#binding.counter(counter).cell(counted), usage ? read(usage) : 0);
    }
  }

  #distribute(operation: Operation, usage: Usage, attributes: Attributes): void {
    if (this.#compat) {
      const histogram = this.#binding.histogram('tokenUsage');
      histogram.record(usage.inputTokens, { ...attributes, [ATTR.tokenType]: 'input' });
      // Embeddings and their like have no output at all.
      if (usage.outputTokens > 0) histogram.record(usage.outputTokens, { ...attributes, [ATTR.tokenType]: 'output' });
    }
    if (!this.#latest) return;
    if (isInference(operation)) {
      this.#binding.histogram('inferenceInputTokens').record(usage.inputTokens, attributes);
      this.#binding.histogram('inferenceOutputTokens').record(usage.outputTokens, attributes);
    } else if (operation === 'embeddings') {
      this.#binding.histogram('embeddingsInputTokens').record(usage.inputTokens, attributes);
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
