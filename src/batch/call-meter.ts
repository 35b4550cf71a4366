import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallInfo } from '../core/events.ts';
import type { Guard } from '../guard.ts';
import { isLost } from './lost-attempt.ts';
import type { ItemUsage } from './result.ts';

/** Totals of the guarded calls of one item. */
export interface ItemMeter {
  attempts: number;
  /** Time that they waited for limits and slots. */
  waitedMs: number;
  usage: ItemUsage | undefined;
  /** USD of the calls whose cost is known. */
  costUsd: number;
  /** Whether any call reported a cost, known or unknown. */
  priced: boolean;
  /** Calls that may have cost something unknown. */
  unpriced: number;
  /** Attempts whose answer never came, though the provider may charge for them. */
  lost: number;
  /** Called for each lost attempt. */
  onLost?: () => void;
  /** Called when the first of its calls begins to be answered. */
  readonly onFirstContent: (() => void) | undefined;
}

const current = new AsyncLocalStorage<ItemMeter>();

/** Counts calls by the item whose worker makes them, and records the lanes that they take. */
export class CallMeter {
  /** Lanes that the run's calls go to. */
  readonly lanes: Set<string> = new Set();
  readonly #meterOf = new WeakMap<CallInfo, ItemMeter>();
  /** Calls with an attempt whose answer never came. */
  readonly #lost = new WeakSet<CallInfo>();
  readonly #own = new WeakSet<ItemMeter>();
  readonly #stop: readonly (() => void)[];

  constructor(guard: Guard) {
    this.#stop = [
      guard.on('call.start', ({ call }) => {
        const meter = current.getStore();
        if (!meter || !this.#own.has(meter)) return;
        this.#meterOf.set(call, meter);
        this.lanes.add(call.lane);
      }),
      guard.on('stream.first_chunk', ({ call }) => this.#meterOf.get(call)?.onFirstContent?.()),
      guard.on('attempt.end', (event) => {
        const meter = this.#meterOf.get(event.call);
        if (!meter || !isLost(event)) return;
        this.#lost.add(event.call);
        meter.lost++;
        meter.onLost?.();
      }),
      guard.on('attempt.spent', ({ call, usage, costUsd }) => {
        const meter = this.#meterOf.get(call);
        if (!meter) return;
        if (costUsd !== undefined) meter.priced = true;
        if (typeof costUsd === 'number') meter.costUsd += costUsd;
        else if (costUsd === null) meter.unpriced++;
        meter.usage = meter.usage ? sumOf(meter.usage, usage) : usage;
      }),
      guard.on('call.end', (event) => {
        const { call, attempts, outcome, usage, costUsd } = event;
        const meter = this.#meterOf.get(call);
        if (!meter) return;
        meter.attempts += attempts;
        meter.waitedMs += event.waitedPacerMs + event.waitedBulkheadMs;
        if (costUsd !== undefined) meter.priced = true;
        if (typeof costUsd === 'number') meter.costUsd += costUsd;
        // The provider reported no usage for an answer, or the answer was lost.
        else if (costUsd === null || outcome.startsWith('success') || this.#lost.has(call)) meter.unpriced++;
        if (usage) meter.usage = meter.usage ? sumOf(meter.usage, usage) : usage;
      }),
    ];
  }

  run<T>(meter: ItemMeter, fn: () => T): T {
    this.#own.add(meter);
    return current.run(meter, fn);
  }

  close(): void {
    for (const stop of this.#stop) stop();
  }
}

export function newMeter(onFirstContent: (() => void) | undefined): ItemMeter {
  return {
    attempts: 0,
    waitedMs: 0,
    usage: undefined,
    costUsd: 0,
    priced: false,
    unpriced: 0,
    lost: 0,
    onFirstContent,
  };
}

/** Counts the answer to the current item if no guarded call reports it. `costUsd`: null if it is unknown. */
export function meterItem(usage: ItemUsage | undefined, costUsd: number | null | undefined): void {
  const meter = current.getStore();
  if (!meter) return;
  meter.attempts++;
  if (usage) meter.usage = meter.usage ? sumOf(meter.usage, usage) : usage;
  if (costUsd !== undefined) meter.priced = true;
  if (typeof costUsd === 'number') meter.costUsd += costUsd;
  else meter.unpriced++;
}

/** Cost of an item in USD; null if it is not fully known, undefined without prices. */
export function costOf({ priced, unpriced, costUsd }: ItemMeter): number | null | undefined {
  if (!priced) return undefined;
  return unpriced > 0 ? null : costUsd;
}

export function sumOf(a: ItemUsage, b: ItemUsage): ItemUsage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  };
}
