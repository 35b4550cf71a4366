import { BY_PROVIDER } from '../alert.ts';
import type { Thresholds } from '../thresholds.ts';

/**
 * Leaves an outage to its own page, while it lasts and for as long after as its failures stay in the window: nobody needs
 * four tickets at its end.
 */
export function afterOutage(window: string, { openShare }: Thresholds['circuit']): string {
  return `unless on (${BY_PROVIDER}) (max by (${BY_PROVIDER}) (max_over_time(tidegate:circuit:not_closed[${window}])) > ${openShare})`;
}
