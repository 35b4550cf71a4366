import { type Alert, BY_PROVIDER, percent, PROVIDER, type RuleContext } from '../alert.ts';
import type { Burn } from '../thresholds.ts';
import { share, spoken } from '../number-templates.ts';
import { FAILED_ADVICE, FAILED_BECAUSE, whyFailed } from './why-failed.ts';

/** Multi-window burn rates: the long window proves that it matters, the short one that it is still happening. */
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const secondsOf = (window: string): number => Number.parseInt(window, 10) * SECONDS[window.at(-1)!]!;

export function sloAlerts({ thresholds, pages }: RuleContext): Alert[] {
  const { objective, burns, minimumCalls } = thresholds.slo;
  const { openShare } = thresholds.circuit;
  const limitOf = (factor: number): number => Number((factor * (1 - objective)).toPrecision(6));
  // After a page for a faster burn, a slower one does not page for the same failures.
  const told = (faster: Burn, short: string): string => {
    const burnt = (window: string): string =>
      `max_over_time(tidegate:call_errors:ratio_rate${window}[${short}]) > ${limitOf(faster.factor)}`;
    return `unless (${burnt(faster.long)} and ${burnt(faster.short)} and tidegate:calls:increase${faster.long} > ${minimumCalls})`;
  };
  return burns.map(({ factor, long, short, for: duration, severity }) => {
    const limit = limitOf(factor);
    const paging = severity === 'critical';
    const faster = burns.filter((each) => paging && each.severity === severity && each.factor > factor);
    const lately = (recorded: string): string => `max by (${BY_PROVIDER}) (max_over_time(${recorded}[${short}]))`;
    const quota = `max_over_time(tidegate:rejections:increase5m{tidegate_limit_dimension="quota"}[${short}])`;
    return {
      name: 'TidegateCallErrorBudgetBurn',
      expr: [
        `(tidegate:call_errors:ratio_rate${long} > ${limit})`,
        `and (tidegate:call_errors:ratio_rate${short} > ${limit})`,
        `and (tidegate:calls:increase${long} > ${minimumCalls})`,
        // An exhausted account has its own page, and would raise this one after billing is fixed, until its failures
        // have left the short window.
        `unless (max by (${BY_PROVIDER}) (${quota}) > 0)`,
        // The same holds for an outage and for mostly failing calls: their failures stay in the windows for as long
        // after their end.
        ...(paging && pages('TidegateCircuitOpen')
          ? [`unless (${lately('tidegate:circuit:not_closed')} > ${openShare})`]
          : []),
        ...(paging && pages('TidegateCallsFailing')
          ? [`unless (${lately('tidegate:call_failures:ratio2m')} > ${thresholds.retries.failingRatio})`]
          : []),
        ...faster.map((each) => told(each, short)),
      ].join('\n'),
      for: duration,
      severity,
      labels: { long, short },
      summary: 'LLM calls fail so often that the error budget runs out.',
      description: `${whyFailed(`avg_over_time(tidegate:calls:increase5m{MATCHERS}[${short}])`)}${PROVIDER} failed ${share()} of its calls over ${spoken(secondsOf(long))}, ${FAILED_BECAUSE} (threshold ${percent(limit)}, ${factor === 1 ? '' : `${factor} times `}what an objective of ${percent(objective)} allows). ${FAILED_ADVICE}`,
    };
  });
}
