import type { Row } from '../dashboard.ts';
import { type DashboardContext, LIMIT, LIMIT_LEGEND, quantile, rate } from '../queries.ts';

const NOT_SHARED = 'Limits are not shared.';

/** Processes that divide an account's limits through a store. */
export function fleetRow({ select, thresholds }: DashboardContext): Row {
  const { storeSeconds } = thresholds.fleet;
  const exchange = select('tidegate.fleet.exchange_seconds', '', 'bucket');
  const limit = `max by (${LIMIT}) (${select('tidegate.ratelimit.limit')})`;
  const share = (name: 'tidegate.fleet.leased' | 'tidegate.fleet.overshoot_bound', how: 'sum' | 'max'): string =>
    `${how} by (${LIMIT}) (${select(name)}) / (${limit} > 0)`;
  return {
    title: 'Do processes share their limits?',
    lines: [
      {
        height: 8,
        panels: [
          {
            kind: 'stat',
            title: 'Lanes that go alone',
            description:
              'Share of the lanes that have lost the store of shared limits: each process goes with its share of the last known fleet.',
            unit: 'percentunit',
            queries: [
              {
                expr: `sum(${select('tidegate.fleet.lanes', 'tidegate_fleet_mode="alone"')}) / (sum(${select('tidegate.fleet.lanes')}) > 0)`,
                legend: 'alone',
              },
            ],
            width: 4,
            noValue: NOT_SHARED,
            min: 0,
            max: 1,
            thresholds: [
              { from: null, color: 'green' },
              { from: 0.001, color: 'orange' },
              { from: thresholds.fleet.aloneShare, color: 'red' },
            ],
          },
          {
            kind: 'stat',
            title: 'Processes of the fleet',
            description: 'Processes that share the account of the largest lane, as its store tells.',
            unit: 'short',
            queries: [{ expr: `max(${select('tidegate.fleet.processes')})`, legend: 'processes' }],
            width: 4,
            noValue: NOT_SHARED,
            min: 0,
            thresholds: [{ from: null, color: 'blue' }],
          },
          {
            kind: 'timeseries',
            stack: 'normal',
            title: 'Lanes by mode',
            description:
              'shared: by what is leased. alone: by a share, without the store. joining: before its first answer.',
            unit: 'short',
            queries: [
              {
                expr: `sum by (tidegate_fleet_mode) (${select('tidegate.fleet.lanes')})`,
                legend: '{{tidegate_fleet_mode}}',
              },
            ],
            width: 8,
            noValue: NOT_SHARED,
            min: 0,
          },
          {
            kind: 'timeseries',
            title: 'Time the store takes',
            description: `To answer an exchange, in the background of calls. The dashed line is the threshold for the 95th percentile, ${storeSeconds * 1_000} ms; beyond 500 ms processes go alone.`,
            unit: 's',
            queries: [0.5, 0.95].map((q) => ({ expr: quantile(q, exchange), legend: `p${q * 100}` })),
            width: 8,
            noValue: NOT_SHARED,
            min: 0,
            thresholds: [
              { from: null, color: 'green' },
              { from: storeSeconds, color: 'red' },
            ],
          },
        ],
      },
      {
        height: 8,
        panels: [
          {
            kind: 'timeseries',
            stack: 'normal',
            title: 'Errors of the store',
            description:
              'Exchanges that failed, by what was wrong. No call fails for it; the runbook has what to do about each.',
            unit: 'reqps',
            queries: [
              {
                expr: `sum by (tidegate_fleet_fault) (${rate(select('tidegate.fleet.exchange_errors'))})`,
                legend: '{{tidegate_fleet_fault}}',
              },
            ],
            width: 6,
            noValue: NOT_SHARED,
            min: 0,
          },
          {
            kind: 'timeseries',
            title: 'Processes by model',
            description:
              'Processes that share the limits of each model. Fewer than run: some use another store, prefix or key.',
            unit: 'short',
            queries: [
              {
                expr: `max by (gen_ai_request_model) (${select('tidegate.fleet.processes')})`,
                legend: '{{gen_ai_request_model}}',
              },
            ],
            width: 6,
            noValue: NOT_SHARED,
            min: 0,
          },
          {
            kind: 'timeseries',
            title: 'Leased share of each limit',
            description:
              'What the chosen processes may spend at once, as a share of the limit. Near zero with a queue: the limit is used up.',
            unit: 'percentunit',
            queries: [{ expr: share('tidegate.fleet.leased', 'sum'), legend: LIMIT_LEGEND }],
            width: 6,
            noValue: NOT_SHARED,
            min: 0,
          },
          {
            kind: 'timeseries',
            title: 'Most that would be too much',
            description:
              'What is leased and not spent, as a share of the limit: no more than that is let through too much if the store loses its state now.',
            unit: 'percentunit',
            queries: [{ expr: share('tidegate.fleet.overshoot_bound', 'max'), legend: LIMIT_LEGEND }],
            width: 6,
            noValue: NOT_SHARED,
            min: 0,
          },
        ],
      },
    ],
  };
}
