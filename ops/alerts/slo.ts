import { type Alert, BY_PROVIDER, percent, PROVIDER, type RuleContext } from '../alert.ts';
import { share } from '../words.ts';

/** Multi-window burn rates: the long window proves that it matters, the short one that it still goes on. */
export function sloAlerts({ thresholds }: RuleContext): Alert[] {
  const { objective, burns, minimumCalls } = thresholds.slo;
  const { openShare } = thresholds.circuit;
  return burns.map(({ factor, long, short, for: duration, severity }) => {
    const limit = Number((factor * (1 - objective)).toPrecision(6));
    const quota = `max_over_time(tidegate:rejections:increase5m{tidegate_limit_dimension="quota"}[${short}])`;
    return {
      name: 'TidegateCallErrorBudgetBurn',
      expr: [
        `(tidegate:call_errors:ratio_rate${long} > ${limit})`,
        `and (tidegate:call_errors:ratio_rate${short} > ${limit})`,
        `and (tidegate:calls:increase${long} > ${minimumCalls})`,
        // An empty account has its own page, and would raise this one after billing is fixed, until its failures
        // have left the short window.
        `unless (max by (${BY_PROVIDER}) (${quota}) > 0)`,
        // So has an outage: its failures stay in the windows for as long after its end.
        ...(severity === 'critical'
          ? [`unless (max by (${BY_PROVIDER}) (max_over_time(tidegate:circuit:not_closed[${short}])) > ${openShare})`]
          : []),
      ].join('\n'),
      for: duration,
      severity,
      labels: { long, short },
      summary: 'LLM calls fail so often that the error budget runs out.',
      description: `${PROVIDER} failed ${share()} of its calls over ${long} (threshold ${percent(limit)}, ${factor} times what an objective of ${percent(objective)} allows). Find the outcome that dominates: retries_exhausted, rejected_circuit, rejected_bulkhead or timeout; each has its own alert and advice.`,
    };
  });
}
