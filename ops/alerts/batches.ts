import { type Alert, BY_JOB, JOB, lookupOf, type RuleContext } from '../alert.ts';

const BY_PROCESS = `${BY_JOB}, instance`;

/** Batches that an application runs with `batch()`. */
export function batchAlerts({ series }: RuleContext): Alert[] {
  const done = (how: 'max' | 'min'): string =>
    `${how}_over_time(${series('tidegate.batch.items', 'tidegate_batch_state=~"answered|failed"')}[5m])`;
  const seen = (name: 'tidegate.batch.runs' | 'tidegate.build_info'): string =>
    `max by (${BY_PROCESS}) (count_over_time(${series(name)}[5m]))`;
  return [
    {
      name: 'TidegateBatchStalled',
      expr: [
        `(sum by (${BY_PROCESS}) (min_over_time(${series('tidegate.batch.runs')}[5m])) > 0)`,
        // Present at every scrape: consecutive small batches look alike, and each of them finishes.
        `and (${seen('tidegate.batch.runs')} >= ${seen('tidegate.build_info')})`,
        `and (sum by (${BY_PROCESS}) (${done('max')} - ${done('min')}) == 0)`,
      ].join('\n'),
      for: '4m',
      severity: 'warning',
      summary: 'A batch of LLM calls makes no progress.',
      description: `${down()}{{ if $circuit }}The provider fails or cannot be reached{{ else }}A batch waits for a daily limit, for a worker that hangs, or for a reader that does not take the results{{ end }}: {{ $labels.instance }} (${JOB}) runs {{ printf "%.0f" $value }} batch{{ if gt $value 1.0 }}es{{ end }}, and no item has been finished for nine minutes. {{ if $circuit }}The circuit {{ $circuit }} is open; the batch goes on by itself once that is over.{{ else }}guard.snapshot() shows what the lane waits for.{{ end }} With a journal it can be stopped and continued at no cost.`,
    },
  ];
}

/** Template that sets `$circuit` to an open circuit of the job; empty if there is none. */
function down(): string {
  const { matchers, args } = lookupOf(BY_JOB);
  const query = `topk(1, tidegate:circuit:not_closed{${matchers}} > 0.5)`;
  return `{{ $circuit := "" }}{{ with printf \`${query}\` ${args} | query }}{{ $circuit = . | first | label "tidegate_circuit" }}{{ end }}`;
}
