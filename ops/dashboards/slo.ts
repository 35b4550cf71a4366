import type { DashboardSpec } from './dashboard.ts';
import { firingTable } from './rows/firing.ts';
import type { PanelSpec } from './panel.ts';
import { OUTCOME_COLORS } from './overrides.ts';
import { COUNTED, type DashboardContext, FAILED, rate, ratio, RECORDED, success } from './queries.ts';

export function sloDashboard(context: DashboardContext): DashboardSpec {
  const { select } = context;
  const { objective, burns } = context.thresholds.slo;
  const budget = Number((1 - objective).toPrecision(6));
  const target = `${Number((objective * 100).toPrecision(6))} %`;
  const share = (matchers: string, window: string): string =>
    `sum(increase(${select('tidegate.calls', matchers)}[${window}]))`;
  // Failures over allowed failures, both with the denominator of the alerts: cancelled calls do not count.
  const spent = (window: string): string =>
    ratio(share(FAILED, window), `${share('tidegate_outcome!="cancelled"', window)} * ${budget}`);
  const stats: PanelSpec[] = [
    {
      kind: 'stat',
      title: 'Error budget left of 30 days',
      description: `Share of the failures that an objective of ${target} allows in 30 days and that have not happened yet. Needs 30 days of data.`,
      unit: 'percentunit',
      queries: [{ expr: `1 - (${spent('30d')})`, legend: 'left' }],
      width: 6,
      max: 1,
      thresholds: [
        { from: null, color: 'red' },
        { from: 0, color: 'orange' },
        { from: 0.5, color: 'green' },
      ],
    },
    {
      kind: 'stat',
      title: 'Error budget spent in this range',
      description:
        'Failures in the chosen time range over the failures that the objective allows for as many calls. 100 %: exactly at the objective.',
      unit: 'percentunit',
      queries: [{ expr: spent('$__range'), legend: 'spent' }],
      width: 6,
      min: 0,
      thresholds: [
        { from: null, color: 'green' },
        { from: 1, color: 'red' },
      ],
    },
    {
      kind: 'stat',
      title: 'Success now',
      description:
        'Share of calls that succeed, retries included. Cancelled calls and mistakes of the application do not count.',
      unit: 'percentunit',
      queries: [{ expr: success(context), legend: 'success' }],
      width: 6,
      min: 0,
      max: 1,
      decimals: 3,
      thresholds: [
        { from: null, color: 'red' },
        { from: objective, color: 'green' },
      ],
    },
    {
      kind: 'stat',
      title: 'Fastest burn',
      description: `How many times faster than allowed the budget burns over the last hour, for the worst provider. Above ${burns[0]!.factor} it pages.`,
      unit: 'short',
      queries: [{ expr: `max(tidegate:call_errors:ratio_rate1h{${RECORDED}}) / ${budget}`, legend: 'burn' }],
      width: 6,
      min: 0,
      decimals: 1,
      thresholds: [
        { from: null, color: 'green' },
        { from: 1, color: 'orange' },
        { from: burns[0]!.factor, color: 'red' },
      ],
    },
  ];
  const windows: PanelSpec[] = burns.map(({ factor, long, short, severity }) => ({
    kind: 'timeseries',
    title: `Errors over ${long} and ${short}`,
    description: `When both lines of a provider are above the dashed one, ${factor} times what the objective allows, it ${severity === 'critical' ? 'pages' : 'opens a ticket'}.`,
    unit: 'percentunit',
    queries: [long, short].map((window) => ({
      expr: `tidegate:call_errors:ratio_rate${window}{${RECORDED}}`,
      legend: `{{gen_ai_provider_name}} ${window}`,
    })),
    width: 8,
    min: 0,
    thresholds: [
      { from: null, color: 'green' },
      { from: Number((factor * budget).toPrecision(6)), color: 'red' },
    ],
  }));
  return {
    uid: 'tidegate-slo',
    title: 'Tidegate / SLO',
    description: `Do calls meet their objective of ${target}, and how fast does the error budget burn?`,
    from: 'now-7d',
    rows: [
      { title: 'Is the objective met?', lines: [{ height: 6, panels: stats }] },
      { title: 'How fast does the budget burn?', lines: [{ height: 9, panels: windows }] },
      {
        title: 'What fails?',
        lines: [
          {
            height: 9,
            panels: [
              {
                kind: 'timeseries',
                stack: 'normal',
                title: 'Failed calls by outcome',
                description: 'What counts against the budget. Each outcome has an alert with advice.',
                unit: 'reqps',
                queries: [
                  {
                    expr: `sum by (tidegate_outcome) (${rate(select('tidegate.calls', FAILED))})`,
                    legend: '{{tidegate_outcome}}',
                  },
                ],
                width: 7,
                min: 0,
                overrides: OUTCOME_COLORS,
              },
              {
                kind: 'timeseries',
                title: 'Failed calls by model',
                description: 'Share of the calls of each model that count against the budget.',
                unit: 'percentunit',
                queries: [
                  {
                    expr: ratio(
                      `sum by (gen_ai_provider_name, gen_ai_request_model) (${rate(select('tidegate.calls', FAILED))})`,
                      `sum by (gen_ai_provider_name, gen_ai_request_model) (${rate(select('tidegate.calls', COUNTED))})`,
                    ),
                    legend: '{{gen_ai_provider_name}} {{gen_ai_request_model}}',
                  },
                ],
                width: 7,
                min: 0,
                thresholds: [
                  { from: null, color: 'green' },
                  { from: budget, color: 'red' },
                ],
              },
              firingTable(10),
            ],
          },
        ],
      },
    ],
  };
}
