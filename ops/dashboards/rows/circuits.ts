import type { Row } from '../dashboard.ts';
import type { State } from '../panel.ts';
import { type DashboardContext, rate, ratio } from '../queries.ts';

const STATES: readonly State[] = [
  { value: 0, text: 'closed', color: 'green' },
  { value: 1, text: 'half open', color: 'yellow' },
  { value: 2, text: 'open', color: 'red' },
];

export function circuitRow({ select, thresholds }: DashboardContext): Row {
  const state = (name: string): string => select('tidegate.circuit.state', `tidegate_circuit_state="${name}"`);
  const circuit = 'gen_ai_provider_name, tidegate_circuit';
  const bulkhead = 'gen_ai_provider_name, tidegate_bulkhead';
  const worst = `max by (${circuit}) (${state('closed')} * 0 or ${state('half_open')} * 1 or ${state('open')} * 2)`;
  return {
    title: 'Circuits and queues',
    lines: [
      {
        height: 8,
        panels: [
          {
            kind: 'state-timeline',
            title: 'Circuits',
            description: 'State of each circuit, the worst of all processes. Open: calls wait or fail at once.',
            unit: 'short',
            queries: [{ expr: worst, legend: '{{tidegate_circuit}}' }],
            width: 16,
            states: STATES,
          },
          {
            kind: 'timeseries',
            title: 'Circuit closings',
            description: `How often the circuit of one process closed in 30 minutes; more than ${thresholds.circuit.closings} times is flapping. In an outage it opens after every probe, and never closes.`,
            unit: 'short',
            queries: [
              {
                expr: `max by (${circuit}) (increase(${select('tidegate.circuit.transitions', 'tidegate_circuit_state="closed"')}[30m])) or 0 * max by (${circuit}) (${state('closed')})`,
                legend: '{{tidegate_circuit}}',
              },
            ],
            width: 8,
            min: 0,
            thresholds: [
              { from: null, color: 'green' },
              { from: thresholds.circuit.closings, color: 'red' },
            ],
          },
        ],
      },
      {
        height: 8,
        panels: [
          {
            kind: 'timeseries',
            title: 'Slots in use',
            description: 'Calls in flight as a share of the slots, the fullest process of each lane.',
            unit: 'percentunit',
            queries: [
              {
                expr: `max by (${bulkhead}) (${ratio(select('tidegate.bulkhead.active'), select('tidegate.bulkhead.capacity'))})`,
                legend: '{{tidegate_bulkhead}}',
              },
            ],
            width: 6,
            min: 0,
            max: 1,
            thresholds: [
              { from: null, color: 'green' },
              { from: 0.95, color: 'orange' },
            ],
          },
          {
            kind: 'timeseries',
            title: 'Queue in use',
            description:
              'Waiting calls as a share of the queue, the fullest process of each lane. When full, calls fail at once.',
            unit: 'percentunit',
            queries: [
              {
                expr: `max by (${bulkhead}) (${ratio(select('tidegate.bulkhead.queued'), select('tidegate.bulkhead.queue_capacity'))})`,
                legend: '{{tidegate_bulkhead}}',
              },
            ],
            width: 6,
            min: 0,
            max: 1,
            thresholds: [
              { from: null, color: 'green' },
              { from: thresholds.queue.filled, color: 'red' },
            ],
          },
          {
            kind: 'timeseries',
            stack: 'normal',
            title: 'Rejected before sending',
            description: 'Calls that never left: the circuit was open or the queue was full.',
            unit: 'reqps',
            queries: [
              {
                expr: `sum by (tidegate_outcome) (${rate(select('tidegate.calls', 'tidegate_outcome=~"rejected_.+"'))})`,
                legend: '{{tidegate_outcome}}',
              },
            ],
            width: 6,
            noValue: 'No call was rejected.',
            min: 0,
          },
          {
            kind: 'timeseries',
            title: 'Oldest wait',
            description: 'How long the call waits that came first, in the process where that is longest.',
            unit: 's',
            queries: [
              {
                expr: `max by (${bulkhead}) (${select('tidegate.queue.oldest_wait_seconds')})`,
                legend: '{{tidegate_bulkhead}}',
              },
            ],
            width: 6,
            min: 0,
          },
        ],
      },
      {
        height: 8,
        panels: [
          {
            kind: 'timeseries',
            title: 'Waiting calls that are urgent',
            description: 'Calls that wait and are of another priority than batch, all processes together.',
            unit: 'short',
            queries: [
              { expr: `sum by (${bulkhead}) (${select('tidegate.queue.urgent')})`, legend: '{{tidegate_bulkhead}}' },
            ],
            width: 8,
            min: 0,
          },
          {
            kind: 'timeseries',
            title: 'Asked to wait',
            description:
              'For how much longer nothing is sent because the provider has asked to wait, in the process where that is longest.',
            unit: 's',
            queries: [
              {
                expr: `max by (${bulkhead}) (${select('tidegate.queue.paused_seconds')})`,
                legend: '{{tidegate_bulkhead}}',
              },
            ],
            width: 8,
            min: 0,
          },
          {
            kind: 'timeseries',
            title: 'One tenant of the queue',
            description:
              'Share of the waiting calls that the busiest tenant has sent; guard.snapshot() of the process has its name.',
            unit: 'percentunit',
            queries: [
              {
                expr: `max by (${bulkhead}) (${select('tidegate.queue.tenant_share_ratio')})`,
                legend: '{{tidegate_bulkhead}}',
              },
            ],
            width: 8,
            noValue: 'No call of a named tenant waits.',
            min: 0,
            max: 1,
          },
        ],
      },
    ],
  };
}
