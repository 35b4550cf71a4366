import type { Attributes } from '@opentelemetry/api';
import type { SharedMode } from '../core/event-values.ts';
import type { LaneSnapshot, SharedDimensionSnapshot, SharedSnapshot } from '../core/snapshot.ts';
import { isOneOf, valuesOf } from './contract/closed-set.ts';
import { DIMENSIONS, SHARED_MODES } from './contract/closed-sets.ts';
import type { LabelsOf } from './contract/labels-of.ts';
import { type Point, type Labelled, point, Worst } from './gauge-points.ts';
import { ATTR } from './names.ts';

/** Collects how the lanes of a process share their limits with other processes. */
export class FleetGauges {
  readonly #processes = new Worst<LabelsOf<'tidegate.fleet.processes'>, SharedSnapshot>();
  readonly #limits = new Worst<LabelsOf<'tidegate.fleet.leased'>, SharedDimensionSnapshot>();
  /** Lanes by mode, for each set of attributes that guards add. */
  readonly #lanes = new Map<string, { readonly attributes: Attributes; readonly counts: Record<SharedMode, number> }>();

  offer({ shared }: LaneSnapshot, { common, model }: Labelled): void {
    if (!shared) return;
    const key = JSON.stringify(common);
    let lanes = this.#lanes.get(key);
    if (!lanes) {
      this.#lanes.set(key, (lanes = { attributes: common, counts: { joining: 0, shared: 0, alone: 0 } }));
    }
    if (isOneOf(SHARED_MODES, shared.mode)) lanes.counts[shared.mode]++;
    this.#processes.offer(model, shared, shared.processes);
    for (const each of shared.dimensions) {
      if (!isOneOf(DIMENSIONS, each.dimension)) continue;
      this.#limits.offer({ ...model, [ATTR.dimension]: each.dimension }, each, each.mostOvershoot);
    }
  }

  *points(): Iterable<Point> {
    for (const { attributes, counts } of this.#lanes.values()) {
      for (const mode of valuesOf(SHARED_MODES)) {
        yield point('tidegate.fleet.lanes', counts[mode], { ...attributes, [ATTR.sharedMode]: mode }, 0);
      }
    }
    for (const [attributes, { processes }] of this.#processes.entries()) {
      yield point('tidegate.fleet.processes', processes, attributes, undefined);
    }
    for (const [attributes, { leased, mostOvershoot }] of this.#limits.entries()) {
      yield point('tidegate.fleet.leased', leased, attributes, 0);
      yield point('tidegate.fleet.overshoot_bound', mostOvershoot, attributes, 0);
    }
  }
}
