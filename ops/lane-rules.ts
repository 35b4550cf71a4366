import { BY_BULKHEAD, BY_CIRCUIT, BY_JOB, BY_MODEL, BY_PROVIDER, type RuleContext, URGENT } from './alert.ts';
import type { RecordingRule } from './recording-rules.ts';

/**
 * State of the lanes of all processes: some ten series each, read once here. Alerts and their windows read the few
 * recorded series.
 */
export function laneRules({ series }: RuleContext): RecordingRule[] {
  const queued = series('tidegate.bulkhead.queued');
  const active = series('tidegate.bulkhead.active');
  return [
    { record: 'tidegate:lanes:queued', expr: `sum by (${BY_PROVIDER}) (${queued})` },
    { record: 'tidegate:lanes:urgent', expr: `sum by (${BY_PROVIDER}) (${series('tidegate.queue.urgent')})` },
    {
      record: 'tidegate:lanes:busy',
      expr: `sum by (${BY_PROVIDER}) (${active})\n+\ntidegate:lanes:queued`,
    },
    // Excludes lanes that are paused at the provider's request.
    {
      record: 'tidegate:lanes:unpaused',
      expr: `sum by (${BY_PROVIDER}) ((${active} + ${queued}) unless (${series('tidegate.queue.paused_seconds')} > 0))\nor\n0 * tidegate:lanes:busy`,
    },
    // Every process has a queue and slots of its own.
    {
      record: 'tidegate:lanes:queue_used',
      expr: `max by (${BY_BULKHEAD}) (${queued} / (${series('tidegate.bulkhead.queue_capacity')} > 0))`,
    },
    {
      record: 'tidegate:lanes:slots_used',
      expr: `max by (${BY_PROVIDER}) (${active} / (${series('tidegate.bulkhead.capacity')} > 0))`,
    },
  ];
}

/** Which jobs exist, and whether anything waits for their work: a job scaled to zero has nothing to do. */
export function jobRules({ series }: RuleContext): RecordingRule[] {
  const present = `max by (${BY_JOB}) (${series('tidegate.build_info')})`;
  const ended = `sum by (${BY_JOB}) (tidegate:attempts:increase2m)`;
  const admitted = (matcher: string): string => `(sum by (${BY_JOB}) (tidegate:admitted:rate5m{${matcher}}) > 0)`;
  // A job with only batches ends with its last call.
  const batchesAlone = `(${admitted('tidegate_priority="batch"')} unless on (${BY_JOB}) ${admitted(URGENT)})`;
  return [
    // As long as the job is there, so that the last value is that of its last moment. Without a staleness marker, as
    // with OTLP, counters disappear before the job does.
    {
      record: 'tidegate:job:busy',
      expr: [
        `(\n  (${ended} + (sum by (${BY_JOB}) (tidegate:lanes:busy) or 0 * ${ended}))`,
        `  unless on (${BY_JOB}) ${batchesAlone}\n  or 0 * ${ended}`,
        `  or (0 * ${present} unless on (${BY_JOB}) sum by (${BY_JOB}) (last_over_time(tidegate:attempts:increase2m[10m])))\n)`,
        `and on (${BY_JOB}) ${present}`,
      ].join('\n'),
    },
    // For as long as the job's pattern is remembered: the share of time that it is away identifies an intermittent one.
    {
      record: 'tidegate:job:gone',
      expr: `last_over_time(tidegate:job:busy[8d])\nunless on (${BY_JOB}) ${present}`,
    },
  ];
}

/** Circuits and admitted amounts: counted by every process, read once. */
export function flowRules({ series }: RuleContext): RecordingRule[] {
  const closed = series('tidegate.circuit.state', 'tidegate_circuit_state="closed"');
  const admitted = (window: string): string =>
    `sum by (${BY_MODEL}, tidegate_priority, tidegate_wait_stage) (rate(${series('tidegate.wait.duration_seconds', '', 'count')}[${window}]))`;
  return [
    // Share of the last two minutes, and of the processes, in which a circuit was not closed: it probes half open.
    {
      record: 'tidegate:circuit:not_closed',
      expr: `1 - avg by (${BY_CIRCUIT}) (avg_over_time(${closed}[2m]))`,
    },
    // The same, for any single process.
    {
      record: 'tidegate:circuit:not_closed_of_one',
      expr: `(1 - min by (${BY_CIRCUIT}, instance) (avg_over_time(${closed}[2m]))) > 0`,
    },
    // Of the process with the most closings: after a single blip, the circuit of every process closes once.
    {
      record: 'tidegate:circuit:closings_increase5m',
      expr: `max by (${BY_CIRCUIT}) (increase(${series('tidegate.circuit.transitions', 'tidegate_circuit_state="closed"')}[5m]))`,
    },
    { record: 'tidegate:admitted:rate2m', expr: admitted('2m') },
    { record: 'tidegate:admitted:rate5m', expr: admitted('5m') },
  ];
}
