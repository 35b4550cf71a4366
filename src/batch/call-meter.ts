import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallInfo } from '../core/events.ts';
import type { Guard } from '../guard.ts';
import type { ItemUsage } from './result.ts';

/** What the guarded calls of one item have come to. */
export interface ItemMeter {
  attempts: number;
  usage: ItemUsage | undefined;
  /** Told when the first of its calls has begun to answer. */
  readonly onFirstContent: (() => void) | undefined;
}

const current = new AsyncLocalStorage<ItemMeter>();

/** Counts calls by the item whose worker makes them, and remembers which lanes they take. */
export class CallMeter {
  /** Lanes that the run's calls go to. */
  readonly lanes: Set<string> = new Set();
  readonly #meterOf = new WeakMap<CallInfo, ItemMeter>();
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
      guard.on('call.end', ({ call, attempts, usage }) => {
        const meter = this.#meterOf.get(call);
        if (!meter) return;
        meter.attempts += attempts;
        if (usage) meter.usage = meter.usage ? sum(meter.usage, usage) : usage;
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

function sum(a: ItemUsage, b: ItemUsage): ItemUsage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  };
}
