import type { Attributes } from '@opentelemetry/api';
import type { WaitCause } from '../core/event-values.ts';
import type { Priority } from '../core/events.ts';
import { add, type Cell, inOrder } from './counter-cells.ts';
import type { MeterBinding } from './meter-binding.ts';
import {
  CALL_OUTCOMES,
  CIRCUIT_STATES,
  type CutReason,
  OPERATIONS,
  PRIORITIES,
  REJECTION_DIMENSIONS,
  RETRY_LAYERS,
  RETRY_REASONS,
  SPENT_ON,
  type SpentOn,
  STREAM_OUTCOMES,
  type Tier,
  TOKEN_KINDS,
  type TokenKind,
  UNGUARDED_VIAS,
  WAIT_CAUSES,
} from './contract/closed-sets.ts';
import { isOneOf, valuesOf } from './contract/closed-set.ts';
import type { LabelsOf } from './contract/labels-of.ts';
import { ATTR, OTHER } from './names.ts';
import { type ProviderLabels, providerLabels } from './provider-labels.ts';
import { STATUS_LABELS } from './status.ts';
import { type Cells, zeroCells } from './zero-cells.ts';
import {
  ZERO_DIMENSIONS,
  ZERO_OUTCOMES,
  ZERO_RETRIES,
  ZERO_STATES,
  ZERO_STATUSES,
  ZERO_STREAMS,
} from './zero-values.ts';

const OUTPUTLESS: ReadonlySet<string> = new Set(['embeddings', 'moderation', 'count_tokens']);
/** Most answers have these two; the others are parts of them and often absent. */
const ZERO_KINDS = ['input', 'output'] as const satisfies readonly TokenKind[];
const INPUT_ONLY: readonly (typeof ZERO_KINDS)[number][] = ['input'];

/** Labels of metrics about calls that have no others. */
export type CallLabels = LabelsOf<'tidegate.call.duration_seconds'>;
type DelayLabels = LabelsOf<'tidegate.retry.delay_seconds'>;

export interface Waits {
  readonly histogram: LabelsOf<'tidegate.wait.duration_seconds'>;
  readonly spent: Cell | undefined;
}

/** Counter series and attribute objects of one (provider, model, operation), made once and reused by every call. */
export class Series {
  readonly base: CallLabels;
  readonly provider: ProviderLabels;
  readonly calls: Cells;
  readonly attempts: Cells;
  readonly retries: Cells;
  readonly rejections: Cells;
  readonly repeated: Cells;
  readonly #binding: MeterBinding;
  readonly #waits = new Map<string, Waits>();
  #unheldPriority: Priority | undefined;
  #unheld: Waits | undefined;
  readonly #errors = new Map<string, Cell>();
  readonly #delays = new Map<string, DelayLabels>();
  #streams: Cells | undefined;
  readonly #tokens: Cells;
  readonly #estimates: Cells;
  #costs: { readonly usd: Cells; readonly unpriced: Cell } | undefined;

  /** `model` is a label, already capped. Every counter that an alert reads starts at zero here. */
  constructor(binding: MeterBinding, common: Attributes, provider: string, model: string, operation: string) {
    this.provider = providerLabels(common, provider);
    this.base = inOrder({
      ...this.provider,
      [ATTR.requestModel]: model,
      [ATTR.operation]: isOneOf(OPERATIONS, operation) ? operation : OTHER,
    });
    const { base } = this;
    const of = <L extends object>(label: L): CallLabels & L => ({ ...base, ...label });
    this.calls = zeroCells(
      binding.counter('tidegate.calls'),
      (value) => of({ [ATTR.outcome]: value }),
      valuesOf(CALL_OUTCOMES),
      ZERO_OUTCOMES,
    );
    this.attempts = zeroCells(
      binding.counter('tidegate.attempts'),
      (value) => of({ [ATTR.statusCode]: value }),
      STATUS_LABELS,
      ZERO_STATUSES,
    );
    this.retries = zeroCells(
      binding.counter('tidegate.retries'),
      (value) => of({ [ATTR.retryReason]: value }),
      valuesOf(RETRY_REASONS),
      ZERO_RETRIES,
    );
    this.rejections = zeroCells(
      binding.counter('tidegate.ratelimit.rejections'),
      (value) => of({ [ATTR.dimension]: value }),
      valuesOf(REJECTION_DIMENSIONS),
      ZERO_DIMENSIONS,
    );
    this.#binding = binding;
    const counted = OUTPUTLESS.has(operation) ? INPUT_ONLY : ZERO_KINDS;
    this.#tokens = zeroCells(
      binding.counter('tidegate.tokens'),
      (value) => of({ [ATTR.tokenKind]: value }),
      valuesOf(TOKEN_KINDS),
      counted,
    );
    this.#estimates = zeroCells(
      binding.counter('tidegate.pacer.estimated_tokens'),
      (value) => of({ [ATTR.tokenKind]: value }),
      ZERO_KINDS,
      counted,
    );
    this.repeated = zeroCells(
      binding.counter('tidegate.repeated_calls'),
      (value) => of({ [ATTR.retryLayer]: value }),
      valuesOf(RETRY_LAYERS),
      [],
    );
  }

  /** An operation that streams gets its stream series at the first stream. */
  get streams(): Cells {
    return (this.#streams ??= zeroCells(
      this.#binding.counter('tidegate.streams'),
      (value) => ({ ...this.base, [ATTR.streamOutcome]: value }),
      valuesOf(STREAM_OUTCOMES),
      ZERO_STREAMS,
    ));
  }

  /** The wait of an attempt and its counter; undefined for an attempt that did not wait. */
  wait(stage: 'pacer' | 'bulkhead', cause: WaitCause, priority: Priority): Waits {
    // Most attempts did not wait.
    if (cause === 'none' && stage === 'pacer' && priority === this.#unheldPriority) return this.#unheld!;
    const waits = this.#waitsOf(stage, cause, priority);
    if (cause === 'none' && stage === 'pacer') {
      this.#unheldPriority = priority;
      this.#unheld = waits;
    }
    return waits;
  }

  #waitsOf(stage: 'pacer' | 'bulkhead', cause: WaitCause, priority: Priority): Waits {
    const key = isOneOf(WAIT_CAUSES, cause) ? cause : 'unknown';
    const urgency = isOneOf(PRIORITIES, priority) ? priority : 'normal';
    return cached(this.#waits, `${stage} ${key} ${urgency}`, () => {
      const { [ATTR.operation]: _, ...model } = this.base;
      const shared = { ...model, [ATTR.priority]: urgency };
      return {
        // An open circuit delays calls for a different reason than a limit, and for longer.
        histogram: inOrder({ ...shared, [ATTR.waitStage]: key === 'circuit' ? key : stage }),
        spent:
          key === 'none'
            ? undefined
            : this.#binding.counter('tidegate.wait.spent_seconds').cell({ ...shared, [ATTR.dimension]: key }),
      };
    });
  }

  /** Counts the tier that answered a call that requested one. */
  tier(asked: Tier, served: Tier): void {
    const attributes = { ...this.base, [ATTR.tierAsked]: asked, [ATTR.tierServed]: served };
    add(this.#binding.counter('tidegate.tier.answers').cell(attributes), 1);
  }

  /** Counts an incomplete answer. */
  cut(reason: CutReason): void {
    add(this.#binding.counter('tidegate.answers.cut').cell({ ...this.base, [ATTR.cutReason]: reason }), 1);
  }

  /** `errorType` is a label from the closed set. */
  error(errorType: string): Cell {
    return cached(this.#errors, errorType, () =>
      this.#binding.counter('tidegate.call.errors').cell({ ...this.base, [ATTR.errorType]: errorType }),
    );
  }

  delay(source: DelayLabels[typeof ATTR.delaySource]): DelayLabels {
    return cached(this.#delays, source, () => inOrder({ ...this.provider, [ATTR.delaySource]: source }));
  }

  addTokens(kind: TokenKind, amount: number): void {
    if (amount > 0) add(this.#tokens.get(kind), amount);
  }

  /** Only with prices. */
  prepareCosts(binding: MeterBinding): void {
    this.#costs = {
      usd: zeroCells(
        binding.counter('tidegate.cost'),
        (value) => ({ ...this.base, [ATTR.spentOn]: value }),
        valuesOf(SPENT_ON),
      ),
      unpriced: binding.counter('tidegate.cost.unpriced_calls').cell(this.base),
    };
  }

  /** `usd` is null where the price is not known. */
  addCost(usd: number | null, spentOn: SpentOn): void {
    if (!this.#costs) return;
    if (usd === null) add(this.#costs.unpriced, 1);
    else add(this.#costs.usd.get(spentOn), usd);
  }

  addEstimate(kind: 'input' | 'output', amount: number): void {
    if (amount > 0) add(this.#estimates.get(kind), amount);
  }
}

/** Transition counters of one circuit. `circuit` is a label, already capped. */
export function transitionCells(binding: MeterBinding, common: Attributes, provider: string, circuit: string): Cells {
  const base = { ...providerLabels(common, provider), [ATTR.circuit]: circuit };
  return zeroCells(
    binding.counter('tidegate.circuit.transitions'),
    (value) => ({ ...base, [ATTR.circuitState]: value }),
    valuesOf(CIRCUIT_STATES),
    ZERO_STATES,
  );
}

/** The counter of unguarded requests, by its labels. */
export function unguardedCell(
  binding: MeterBinding,
  common: Attributes,
  provider: string,
  via: string,
): Cell | undefined {
  if (!isOneOf(UNGUARDED_VIAS, via)) return undefined;
  return binding
    .counter('tidegate.unguarded.requests')
    .cell({ ...providerLabels(common, provider), [ATTR.unguardedVia]: via });
}

function cached<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = create()));
  return value;
}
