import type { GuardEvent } from '../core/events.ts';
import type { Usage } from '../core/outcome.ts';
import type { Operation } from '../core/provider.ts';
import { add } from './counter-cells.ts';
import { GenAiLabels, type OperationLabels } from './gen-ai-labels.ts';
import type { CounterName } from './contract/metrics.ts';
import type { MeterBinding } from './meter-binding.ts';
import { ATTR } from './names.ts';
import { isInference, type Semconv } from './semconv.ts';
import type { Series } from './series.ts';

type EventOf<T extends GuardEvent['type']> = Extract<GuardEvent, { type: T }>;

export interface GenAiSettings {
  readonly semconv: Semconv;
  readonly maxModels: number;
  readonly detailed: boolean;
}

/**
 * The metrics of the GenAI conventions. `compat` emits what existing dashboards use; `latest` splits them by kind of
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
    if (this.#compat)
      this.#binding.histogram('gen_ai.client.operation.time_to_first_chunk').record(seconds, attributes);
    if (this.#latest && isInference(call.operation)) {
      this.#binding.histogram('gen_ai.client.inference.time_to_first_chunk').record(seconds, attributes);
    }
  }

  furtherChunk({ call, sinceLastMs, responseModel }: EventOf<'stream.chunk'>, series: Series): void {
    if (!this.#detailed) return;
    const seconds = sinceLastMs / 1_000;
    const attributes = this.#labels.of(series, call, responseModel);
    if (this.#compat)
      this.#binding.histogram('gen_ai.client.operation.time_per_output_chunk').record(seconds, attributes);
    if (this.#latest && isInference(call.operation)) {
      this.#binding.histogram('gen_ai.client.inference.time_per_output_chunk').record(seconds, attributes);
    }
  }

  /** `errorType` is a label from the closed set; undefined where the call did not fail. */
  ended(event: EventOf<'call.end'>, errorType: string | undefined, series: Series): void {
    const { call, durationMs, usage, response } = event;
    const attributes = this.#labels.of(series, call, response.model, errorType);
    this.#duration(call.operation, durationMs / 1_000, attributes);
    // Token metrics carry no error type.
    if (this.#detailed || this.#latest) {
      const answered = errorType === undefined ? attributes : this.#labels.of(series, call, response.model);
      if (this.#latest) this.#count(call.operation, usage, answered);
      if (this.#detailed && usage) this.#distribute(call.operation, usage, answered);
    }
  }

  #duration(operation: Operation, seconds: number, attributes: OperationLabels): void {
    if (this.#compat) this.#binding.histogram('gen_ai.client.operation.duration').record(seconds, attributes);
    if (!this.#latest) return;
    if (isInference(operation)) this.#binding.histogram('gen_ai.client.inference.duration').record(seconds, attributes);
    if (operation === 'embeddings')
      this.#binding.histogram('gen_ai.client.embeddings.duration').record(seconds, attributes);
  }

  /** Once a call; the conventions count one without usage as 0. */
  #count(operation: Operation, usage: Usage | undefined, attributes: OperationLabels): void {
    if (!isInference(operation)) return;
    const counted = { ...attributes, [ATTR.tokenModality]: 'unknown' };
    for (const [counter, read] of INFERENCE_COUNTERS) {
      add(this.#binding.counter(counter).cell(counted), usage ? read(usage) : 0);
    }
  }

  #distribute(operation: Operation, usage: Usage, attributes: OperationLabels): void {
    if (this.#compat) {
      const histogram = this.#binding.histogram('gen_ai.client.token.usage');
      histogram.record(usage.inputTokens, { ...attributes, [ATTR.tokenType]: 'input' });
      // Embeddings and the like have no output.
      if (usage.outputTokens > 0) histogram.record(usage.outputTokens, { ...attributes, [ATTR.tokenType]: 'output' });
    }
    if (!this.#latest) return;
    if (isInference(operation)) {
      this.#binding.histogram('gen_ai.client.inference.operation.input_tokens').record(usage.inputTokens, attributes);
      this.#binding.histogram('gen_ai.client.inference.operation.output_tokens').record(usage.outputTokens, attributes);
    } else if (operation === 'embeddings') {
      this.#binding.histogram('gen_ai.client.embeddings.operation.input_tokens').record(usage.inputTokens, attributes);
    }
  }
}

type UsageCounter = Extract<CounterName, `gen_ai.client.inference.usage.${string}`>;

const INFERENCE_COUNTERS: readonly (readonly [UsageCounter, (usage: Usage) => number])[] = [
  ['gen_ai.client.inference.usage.input_tokens', (usage) => usage.inputTokens],
  ['gen_ai.client.inference.usage.output_tokens', (usage) => usage.outputTokens],
  ['gen_ai.client.inference.usage.cache_read.input_tokens', (usage) => usage.cacheReadTokens],
  ['gen_ai.client.inference.usage.cache_write.input_tokens', (usage) => usage.cacheWriteTokens],
  ['gen_ai.client.inference.usage.reasoning.output_tokens', (usage) => usage.reasoningTokens],
];
