import type { Attributes } from '@opentelemetry/api';
import type { Priority, WaitCause } from '../core/events.ts';
import { add, type Cell, inOrder } from './counter-cells.ts';
import type { CounterName } from './instruments.ts';
import type { MeterBinding } from './meter-binding.ts';
import {
  ATTR,
  CALL_OUTCOMES,
  CIRCUIT_STATES,
  OPERATIONS,
  OTHER,
  PRIORITIES,
  PROVIDERS,
  REJECTION_DIMENSIONS,
  RETRY_LAYERS,
  RETRY_REASONS,
  SPENT_ON,
  STREAM_OUTCOMES,
  UNGUARDED_VIAS,
  WAIT_CAUSES,
  isOneOf,
  valuesOf,
  type CutReason,
  type SpentOn,
  type Tier,
  type TokenKind,
} from './names.ts';
import { STATUS_LABELS } from './status.ts';
import {
  ZERO_DIMENSIONS,
  ZERO_OUTCOMES,
  ZERO_RETRIES,
  ZERO_STATES,
  ZERO_STATUSES,
  ZERO_STREAMS,
} from './zero-values.ts';

const OUTPUTLESS: ReadonlySet<string> = new Set(['embeddings', 'moderation', 'count_tokens']);
const INPUT_ONLY: readonly TokenKind[] = ['input'];
/** Most answers have these two; the others are parts of them that many never have. */
const ZERO_KINDS: readonly TokenKind[] = ['input', 'output'];
const TOKEN_KINDS: readonly TokenKind[] = [...ZERO_KINDS, 'cache_read', 'cache_write', 'reasoning'];

type Cells = ReadonlyMap<string, Cell>;

export interface Waits {
  readonly histogram: Attributes;
  readonly spent: Cell | undefined;
}

/** Counter series and attribute objects of one (provider, model, operation), made once and reused by every call. */
export class Series {
  readonly base: Attributes;
  readonly provider: Attributes;
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
  readonly #delays = new Map<string, Attributes>();
  #streams: Cells | undefined;
  readonly #tokens: Cells;
  readonly #estimates: Cells;
  #costs: { readonly usd: Cells; readonly unpriced: Cell } | undefined;

  /** `model` is a label, already capped. Every counter that an alert reads starts at zero here. */
  constructor(binding: MeterBinding, common: Attributes, provider: string, model: string, operation: string) {
    this.provider = { ...common, [ATTR.provider]: isOneOf(PROVIDERS, provider) ? provider : OTHER };
    this.base = inOrder({
      ...this.provider,
      [ATTR.requestModel]: model,
      [ATTR.operation]: isOneOf(OPERATIONS, operation) ? operation : OTHER,
    });
    this.calls = zeros(binding, 'calls', this.base, ATTR.outcome, valuesOf(CALL_OUTCOMES), ZERO_OUTCOMES);
    this.attempts = zeros(binding, 'attempts', this.base, ATTR.statusCode, STATUS_LABELS, ZERO_STATUSES);
    this.retries = zeros(binding, 'retries', this.base, ATTR.retryReason, valuesOf(RETRY_REASONS), ZERO_RETRIES);
    const dimensions = valuesOf(REJECTION_DIMENSIONS);
    this.rejections = zeros(binding, 'rejections', this.base, ATTR.dimension, dimensions, ZERO_DIMENSIONS);
    this.#binding = binding;
    const counted = OUTPUTLESS.has(operation) ? INPUT_ONLY : ZERO_KINDS;
    this.#tokens = zeros(binding, 'tokens', this.base, ATTR.tokenKind, TOKEN_KINDS, counted);
    this.#estimates = zeros(binding, 'estimatedTokens', this.base, ATTR.tokenKind, ZERO_KINDS, counted);
    this.repeated = zeros(binding, 'repeated', this.base, ATTR.retryLayer, valuesOf(RETRY_LAYERS), []);
  }

  /** What streams has streams that end, from the first one on. */
  get streams(): Cells {
    return (this.#streams ??= zeros(
      this.#binding,
      'streams',
      this.base,
      ATTR.streamOutcome,
      valuesOf(STREAM_OUTCOMES),
      ZERO_STREAMS,
    ));
  }

  /** Where an attempt waited, and the counter of what it waited for; that of an attempt that did not wait is undefined. */
  wait(stage: 'pacer' | 'bulkhead', cause: WaitCause, priority: Priority): Waits {
    // Most attempts, and most in a row, are like the one before and have not waited.
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
        // A provider that fails holds calls back for another reason than a limit, and for longer.
        histogram: inOrder({ ...shared, [ATTR.waitStage]: key === 'circuit' ? key : stage }),
        spent: key === 'none' ? undefined : this.#binding.counter('waited').cell({ ...shared, [ATTR.dimension]: key }),
      };
    });
  }

  /** A call that asks for a tier was answered in one. */
  tier(asked: Tier, served: Tier): void {
    const attributes = { ...this.base, [ATTR.tierAsked]: asked, [ATTR.tierServed]: served };
    add(this.#binding.counter('tierAnswers').cell(attributes), 1);
  }

  /** The answer is not whole. */
  cut(reason: CutReason): void {
    add(this.#binding.counter('cutAnswers').cell({ ...this.base, [ATTR.cutReason]: reason }), 1);
  }

  /** `errorType` is a label from the closed set. */
  error(errorType: string): Cell {
    return cached(this.#errors, errorType, () =>
      this.#binding.counter('errors').cell({ ...this.base, [ATTR.errorType]: errorType }),
    );
  }

  delay(source: string): Attributes {
    return cached(this.#delays, source, () => inOrder({ ...this.provider, [ATTR.delaySource]: source }));
  }

  addTokens(kind: TokenKind, amount: number): void {
    if (amount > 0) add(this.#tokens.get(kind), amount);
  }

  /** Where there are prices. */
  prepareCosts(binding: MeterBinding): void {
    this.#costs = {
      usd: zeros(binding, 'cost', this.base, ATTR.spentOn, valuesOf(SPENT_ON)),
      unpriced: binding.counter('unpriced').cell(this.base),
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
  const base = { ...common, [ATTR.provider]: isOneOf(PROVIDERS, provider) ? provider : OTHER, [ATTR.circuit]: circuit };
  return zeros(binding, 'transitions', base, ATTR.circuitState, valuesOf(CIRCUIT_STATES), ZERO_STATES);
}

/** The counter of requests that no guard sent. Found again by its labels: there are few of both. */
export function unguardedCell(
  binding: MeterBinding,
  common: Attributes,
  provider: string,
  via: string,
): Cell | undefined {
  if (!isOneOf(UNGUARDED_VIAS, via)) return undefined;
  const label = isOneOf(PROVIDERS, provider) ? provider : OTHER;
  return binding.counter('unguarded').cell({ ...common, [ATTR.provider]: label, [ATTR.unguardedVia]: via });
}

/** Series by the value of one more attribute. Those of `first` start at zero while there is room, others as they count. */
function zeros<T extends string>(
  binding: MeterBinding,
  counter: CounterName,
  base: Attributes,
  key: string,
  values: readonly T[],
  first: readonly T[] = values,
): Cells {
  const counted = binding.counter(counter);
  const cells = new LazyCells((value) => counted.cell({ ...base, [key]: value }), new Set(values));
  if (counted.roomForZeros) for (const value of first) cells.get(value);
  return cells;
}

class LazyCells extends Map<string, Cell> {
  readonly #create: (value: string) => Cell;
  readonly #allowed: ReadonlySet<string>;

  constructor(create: (value: string) => Cell, allowed: ReadonlySet<string>) {
    super();
    this.#create = create;
    this.#allowed = allowed;
  }

  override get(value: string): Cell | undefined {
    let cell = super.get(value);
    if (!cell && this.#allowed.has(value)) this.set(value, (cell = this.#create(value)));
    return cell;
  }
}

function cached<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = create()));
  return value;
}
