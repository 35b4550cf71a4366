import type { Attributes } from '@opentelemetry/api';
import type { StoreFault } from '../core/event-values.ts';
import { isOneOf } from './contract/closed-set.ts';
import { STORE_FAULTS } from './contract/closed-sets.ts';
import { add } from './counter-cells.ts';
import type { MeterBinding } from './meter-binding.ts';
import { ATTR } from './names.ts';

/** Common faults, whose series start at zero; others start when they occur. */
const ZERO_FAULTS: readonly StoreFault[] = ['timeout', 'connection'];

/** Metrics of the store of shared limits: one for the whole process. */
export class FleetMetrics {
  readonly #meter: MeterBinding;
  readonly #common: Attributes;
  #begun = false;

  constructor(meter: MeterBinding, common: Attributes) {
    this.#meter = meter;
    this.#common = common;
  }

  exchanged(durationMs: number, fault: StoreFault | undefined): void {
    const errors = this.#meter.counter('tidegate.fleet.exchange_errors');
    const cell = (each: StoreFault): ReturnType<typeof errors.cell> =>
      errors.cell({ ...this.#common, [ATTR.storeFault]: each });
    if (!this.#begun) for (const each of ZERO_FAULTS) cell(each);
    this.#begun = true;
    // An immediate refusal says nothing about the store's latency.
    if (fault === undefined || fault === 'timeout') {
      this.#meter.histogram('tidegate.fleet.exchange_seconds').record(Math.max(0, durationMs) / 1_000, this.#common);
    }
    if (fault !== undefined) add(cell(isOneOf(STORE_FAULTS, fault) ? fault : 'other'), 1);
  }
}
