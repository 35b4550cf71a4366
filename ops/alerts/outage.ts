import { BY_PROVIDER, type RuleContext } from '../alert.ts';

/**
 * Suppresses an alert during an outage, which has its own page, and for as long afterwards as the outage's failures
 * stay in the window. Append it to an expression.
 */
export function afterOutage(window: string, { thresholds, pages }: RuleContext): string {
  if (!pages('TidegateCircuitOpen')) return '';
  const { openShare } = thresholds.circuit;
  return `\nunless on (${BY_PROVIDER}) (max by (${BY_PROVIDER}) (max_over_time(tidegate:circuit:not_closed[${window}])) > ${openShare})`;
}
