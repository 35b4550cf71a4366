import { BY_CIRCUIT } from '../../alert.ts';
import type { Row } from '../dashboard.ts';
import { type DashboardContext, orZero, rate, ratio, success } from '../queries.ts';

export function callRow(context: DashboardContext): Row {
  const { select, steps } = context;
  const calls = `sum(${rate(select('tidegate.calls'))})`;
  return {
    title: 'Calls',
    lines: [
      {
        height: 5,
        panels: [
          {
            kind: 'stat',
            title: 'Calls',
            description: 'Calls that the application made, whatever became of them.',
            unit: 'reqps',
            queries: [{ expr: calls, legend: 'calls' }],
            width: 4,
            min: 0,
          },
          {
            kind: 'stat',
            title: 'Success',
            description:
              'Share of calls that succeeded, retries included. Cancelled calls and mistakes of the application do not count.',
            unit: 'percentunit',
            queries: [{ expr: success(context), legend: 'success' }],
            width: 4,
            min: 0,
            max: 1,
            decimals: 2,
            thresholds: steps.succeeded,
          },
          {
            kind: 'stat',
            title: 'Retries per call',
            description: 'Near zero when pacing works. Red: as many as the alert on spikes needs.',
            unit: 'percentunit',
            queries: [{ expr: ratio(`sum(${rate(select('tidegate.retries'))})`, calls), legend: 'retries' }],
            width: 4,
            min: 0,
            thresholds: steps.retried,
          },
          {
            kind: 'stat',
            title: 'Attempts per call',
            description:
              'HTTP requests that one call needs. 1 is ideal; 2 means that half of the traffic is retries, and less than 1 that calls end before they are sent.',
            unit: 'short',
            queries: [{ expr: ratio(`sum(${rate(select('tidegate.attempts'))})`, calls), legend: 'attempts' }],
            width: 4,
            min: 0,
            decimals: 2,
            thresholds: steps.attempts,
          },
          {
            kind: 'stat',
            title: 'Circuits open',
            description: 'Circuits that are open in any process: their calls wait or fail at once.',
            unit: 'short',
            queries: [
              {
                expr: orZero(
                  `sum(max by (${BY_CIRCUIT}) (${select('tidegate.circuit.state', 'tidegate_circuit_state="open"')}))`,
                ),
                legend: 'open',
              },
            ],
            width: 4,
            min: 0,
            thresholds: [
              { from: null, color: 'green' },
              { from: 1, color: 'red' },
            ],
          },
          {
            kind: 'stat',
            title: 'Queued now',
            description: 'Calls that wait for a limit or a slot, in all processes.',
            unit: 'short',
            queries: [{ expr: `sum(${select('tidegate.bulkhead.queued')})`, legend: 'queued' }],
            width: 4,
            min: 0,
          },
        ],
      },
    ],
  };
}
