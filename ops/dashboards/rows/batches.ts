import { BY_JOB } from '../../alert.ts';
import type { Row } from '../dashboard.ts';
import type { DashboardContext } from '../queries.ts';

const NONE = 'No batch runs.';

export function batchRow({ select }: DashboardContext): Row {
  const items = (state: string): string => select('tidegate.batch.items', `tidegate_batch_state=~"${state}"`);
  const finished = `sum(${items('answered|failed')})`;
  return {
    title: 'Are batches on their way?',
    lines: [
      {
        height: 8,
        panels: [
          {
            kind: 'stat',
            title: 'Batches running',
            description: 'Batches that are going on in the chosen processes. Those of a finished run are in no panel.',
            unit: 'short',
            queries: [{ expr: `sum(${select('tidegate.batch.runs')})`, legend: 'running' }],
            width: 3,
            noValue: NONE,
            min: 0,
            thresholds: [{ from: null, color: 'blue' }],
          },
          {
            kind: 'stat',
            title: 'Done in',
            description:
              'Until the last batch is done by what it has needed so far, where its number of items is known.',
            unit: 's',
            queries: [{ expr: `max(${select('tidegate.batch.eta_seconds')})`, legend: 'done in' }],
            width: 3,
            noValue: 'unknown',
            min: 0,
            thresholds: [{ from: null, color: 'blue' }],
          },
          {
            kind: 'timeseries',
            stack: 'normal',
            title: 'Items by state',
            description: 'Answered and failed grow, what is left shrinks. Flat lines for ten minutes: it alerts.',
            unit: 'short',
            queries: [
              {
                expr: `sum by (tidegate_batch_state) (${select('tidegate.batch.items')})`,
                legend: '{{tidegate_batch_state}}',
              },
            ],
            width: 9,
            noValue: NONE,
            min: 0,
          },
          {
            kind: 'timeseries',
            title: 'Items finished a minute',
            description:
              'By process, failed ones included. What limits it is in the overview: a limit, slots, or waits.',
            unit: 'short',
            queries: [
              {
                expr: `clamp_min(sum by (${BY_JOB}, instance) (deriv(${items('answered|failed')}[$__rate_interval])) * 60, 0)`,
                legend: '{{instance}}',
              },
            ],
            width: 9,
            noValue: NONE,
            min: 0,
          },
        ],
      },
      {
        height: 7,
        panels: [
          {
            kind: 'timeseries',
            title: 'Share of items that failed',
            description:
              'Of the finished items of running batches. The result of each says why; stopAfter ends a run early.',
            unit: 'percentunit',
            queries: [{ expr: `sum(${items('failed')}) / (${finished} > 0)`, legend: 'failed' }],
            width: 12,
            noValue: NONE,
            min: 0,
            max: 1,
          },
          {
            kind: 'timeseries',
            title: 'Time until done',
            description:
              'The estimate of the slowest batch of each process over time. Rising: it is slower than it was.',
            unit: 's',
            queries: [
              {
                expr: `max by (${BY_JOB}, instance) (${select('tidegate.batch.eta_seconds')})`,
                legend: '{{instance}}',
              },
            ],
            width: 12,
            noValue: NONE,
            min: 0,
          },
        ],
      },
    ],
  };
}
