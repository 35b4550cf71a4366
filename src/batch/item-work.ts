import { systemClock } from '../core/clock.ts';
import { engine } from '../engine.ts';
import { CallMeter, type ItemMeter, newMeter } from './call-meter.ts';
import type { BatchWorker, ItemContext, ResolvedBatchOptions } from './options.ts';
import type { Progress } from './progress.ts';
import { WarmPrefixes } from './warm-prefixes.ts';

/** Result of a worker, and the metered usage of its calls. */
export type WorkOutcome<O> = { readonly took: ItemMeter } & (
  | { readonly status: 'ok'; readonly value: O }
  | { readonly status: 'error'; readonly error: unknown }
);

/**
 * Runs workers at the run's priority and meters their calls. Items that share a prompt prefix wait until the first of
 * them has put it into the provider's cache.
 */
export class ItemWork<I, O> {
  readonly #worker: BatchWorker<I, O>;
  readonly #options: ResolvedBatchOptions<I>;
  readonly #progress: Progress;
  readonly #meter: CallMeter;
  readonly #prefixes = new WarmPrefixes(systemClock);

  constructor(worker: BatchWorker<I, O>, options: ResolvedBatchOptions<I>, progress: Progress) {
    this.#worker = worker;
    this.#options = options;
    this.#progress = progress;
    this.#meter = new CallMeter(options.guard ?? engine().defaultGuard());
  }

  /** Lanes that calls of the run go to. */
  get lanes(): ReadonlySet<string> {
    return this.#meter.lanes;
  }

  /** `prefixes`: prompt prefixes that other items may share. `onLost` is called for each attempt that got no answer. */
  async run(
    item: I,
    context: ItemContext,
    prefixes: readonly string[] | undefined,
    onLost: () => void,
  ): Promise<WorkOutcome<O>> {
    const warmed = prefixes && (await this.#prefixes.enter(prefixes));
    const meter = newMeter(warmed && (() => warmed(true)));
    meter.onLost = onLost;
    const startedAt = systemClock.now();
    const work = (): O | PromiseLike<O> => this.#worker(item, context);
    try {
      const value = await this.#meter.run(meter, () =>
        engine().withCall({ priority: this.#options.priority }, async () => work()),
      );
      warmed?.(true);
      return { status: 'ok', value, took: meter };
    } catch (error) {
      warmed?.(false);
      return { status: 'error', error, took: meter };
    } finally {
      const now = systemClock.now();
      this.#progress.called(meter, now - startedAt, now);
    }
  }

  close(): void {
    this.#meter.close();
  }
}
