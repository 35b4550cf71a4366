import {
  type Alert,
  BY_JOB,
  BY_MODEL,
  BY_PROVIDER,
  JOB,
  lookupOf,
  MODEL,
  PROVIDER,
  type RuleContext,
} from '../alert.ts';
import { over } from '../signal-rules.ts';
import { dollars, largest } from '../number-templates.ts';

/** Costs, for guards with prices. */
export function spendingAlerts({ thresholds }: RuleContext): Alert[] {
  const { budgetUsdPerDay, spikeFactor, spikePeakFactor, spikeUsd, unpricedCalls } = thresholds.cost;
  // After a weekend a working day is no spike, so it is compared with the most expensive hour of the week.
  const mean = 'avg_over_time(tidegate:cost:usd1h[1d] offset 1h)';
  const peak = 'max_over_time(tidegate:cost:usd1h[7d] offset 1h)';
  const spike = (spent: string, usd: number, times: number): string =>
    [
      `${spent} > ${times * spikeFactor} * ${mean}`,
      `and ${spent} > ${times * spikePeakFactor} * ${peak}`,
      `and ${spent} > ${usd}`,
    ].join(' ');
  return [
    {
      name: 'TidegateCostSpike',
      // A nightly batch is part of the previous day: an hour as expensive as the most expensive one is not reported.
      // Spending twice that rate is detected in ten minutes.
      expr: [
        'tidegate:cost:usd1h',
        `and (tidegate:cost:usd1h offset 1d >= 0)`,
        `and (\n  (${spike('tidegate:cost:usd1h', spikeUsd, 1)})\n  or (${spike('6 * tidegate:cost:usd10m', 2 * spikeUsd, 2)})\n)`,
      ].join('\n'),
      for: '1m',
      keepFiringFor: '15m',
      severity: 'warning',
      summary: 'LLM calls cost much more than a day ago.',
      description: `${largest('$model', `sum by (gen_ai_request_model) (tidegate:cost:increase5m{${lookupOf(BY_PROVIDER).matchers}})`, BY_PROVIDER, 'gen_ai_request_model')}${PROVIDER} has cost ${dollars()} in the last hour, or spends at such a rate now, {{ if $model }}mostly for {{ $model }}: {{ end }}more than ${spikeFactor} times the mean hour of the day before, and ${spikePeakFactor} times the most expensive one of a week. More calls, longer prompts, a more expensive model or cache misses: the panels of cost tell which. Stop what nobody has planned.`,
    },
    {
      name: 'TidegateModelUnpriced',
      expr: `sum by (${BY_MODEL}) (${over('tidegate:unpriced:increase5m', 60)}) >= ${unpricedCalls}`,
      for: '0m',
      severity: 'warning',
      summary: 'A model without a price is in use.',
      description: `${MODEL} has answered {{ printf "%.0f" $value }} calls in an hour without a known price: their cost is missing from panels, budgets and spikes. Add the model, or the requested tier, to the prices of the guard.`,
    },
    ...(budgetUsdPerDay > 0 ? [budgetAlert(budgetUsdPerDay)] : []),
  ];
}

function budgetAlert(usd: number): Alert {
  return {
    name: 'TidegateCostOverBudget',
    expr: `sum by (${BY_JOB}) (${over('tidegate:cost:increase5m', 1440)}) > ${usd}`,
    // Spent money stays spent.
    for: '0m',
    keepFiringFor: '30m',
    severity: 'warning',
    summary: 'LLM calls exceed their daily budget.',
    description: `${JOB} has spent ${dollars()} on LLM calls in 24 hours (budget ${usd} USD). Spend by model is in the panels of cost; a batch can be given a limit of its own with maxCost.`,
  };
}
