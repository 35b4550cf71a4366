import { VirtualClock } from '../../src/hits/replay/virtual-clock.ts';

const WALL_START = Date.UTC(2026, 0, 15, 12);

/** Virtual time of the benchmarks. */
export class SimClock extends VirtualClock {
  /** @param minuteMs How long the wall clock's minute is under way at the start. */
  constructor(minuteMs = 0) {
    super(WALL_START + minuteMs);
  }
}
