import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallInfo } from '../core/events.ts';
import type { Guard } from '../guard.ts';
import { isLost } from './lost-attempt.ts';
import type { ItemUsage } from './result.ts';

/** What the guarded calls of one item have come to. */
export interface ItemMeter {
  attempts: number;
  /** How long they waited for limits and places. */
  waitedMs: number;
  usage: ItemUsage | undefined;
  /** USD of the calls whose cost is known. */
  costUsd: number;
  /** Whether any call told a cost, or that it has one that nobody knows. */
  priced: boolean;
  /** Calls that may have cost something, and nobody knows what. */
  unpriced: number;
  /** Attempts whose answer never came, though the provider may charge for them. */
  lost: number;
  /** Told of each of those. */
  onLost?: () => void;
  /** Told when the first of its calls has begun to answer. */
  readonly onFirstContent: (() => void) | undefined;
}

const current = new AsyncLocalStorage<ItemMeter>();

/** Counts calls by the item whose worker makes them, and remembers which lanes they take. */
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
        // Of an answer, or of one that nobody waited for, the provider told no use.
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

/** Counts what the item that is at work was answered with, where no guarded call told it. `costUsd`: null where it is not known. */
export function meterItem(usage: ItemUsage | undefined, costUsd: number | null | undefined): void {
  const meter = current.getStore();
  if (!meter) return;
  meter.attempts++;
  if (usage) meter.usage = meter.usage ? sumOf(meter.usage, usage) : usage;
  if (costUsd !== undefined) meter.priced = true;
  if (typeof costUsd === 'number') meter.costUsd += costUsd;
  else meter.unpriced++;
}

/** What an item has cost; null where that is not known in full. */
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
