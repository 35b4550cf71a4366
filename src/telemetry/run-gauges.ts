import type { Attributes } from '@opentelemetry/api';
import type { RunCounts } from '../core/live-runs.ts';
import { valuesOf } from './contract/closed-set.ts';
import { BATCH_STATES, type BatchState } from './contract/closed-sets.ts';
import { seriesKey } from './counter-cells.ts';
import { type Point, point } from './gauge-points.ts';
import { ATTR } from './names.ts';

interface Sum {
  readonly attributes: Attributes;
  readonly items: Record<BatchState, number>;
  runs: number;
  etaSeconds: number | undefined;
}

/** Collects the sums of all running batches: their names come from the application and are not labels. */
export class RunGauges {
  readonly #sums = new Map<string, Sum>();

  add({ done, failed, inFlight, total, eta }: RunCounts, attributes: Attributes): void {
    const key = seriesKey(attributes);
    let sum = this.#sums.get(key);
    if (!sum) {
      const items = { answered: 0, failed: 0, in_flight: 0, left: 0 };
      this.#sums.set(key, (sum = { attributes, items, runs: 0, etaSeconds: undefined }));
    }
    sum.runs++;
    sum.items.answered += done - failed;
    sum.items.failed += failed;
    sum.items.in_flight += inFlight;
    // If the total is unknown, so is the rest: it counts as 0.
    sum.items.left += Math.max(0, (total ?? 0) - done - inFlight);
    if (eta && eta.toSeconds < Infinity) sum.etaSeconds = Math.max(sum.etaSeconds ?? 0, eta.toSeconds);
  }

  *points(): Iterable<Point> {
    for (const { attributes, items, runs, etaSeconds } of this.#sums.values()) {
      yield point('tidegate.batch.runs', runs, attributes, 0);
      for (const state of valuesOf(BATCH_STATES)) {
        yield point('tidegate.batch.items', items[state], { ...attributes, [ATTR.batchState]: state }, 0);
      }
      if (etaSeconds !== undefined) yield point('tidegate.batch.eta_seconds', etaSeconds, attributes, 0);
    }
  }
}
