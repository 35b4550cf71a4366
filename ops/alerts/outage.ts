import { BY_PROVIDER, type RuleContext } from '../alert.ts';

/**
 * Leaves an outage to its own page, while it lasts and for as long after as its failures stay in the window: nobody needs
 * four tickets at its end. To be put behind an expression.
 */
export function afterOutage(window: string, { thresholds, pages }: RuleContext): string {
  if (!pages('TidegateCircuitOpen')) return '';
  const { openShare } = thresholds.circuit;
  return `\nunless on (${BY_PROVIDER}) (max by (${BY_PROVIDER}) (max_over_time(tidegate:circuit:not_closed[${window}])) > ${openShare})`;
}
