import { FIRING } from '../dashboard.ts';
import type { PanelSpec } from '../panel.ts';

/** Alerts that fire now. */
export function firingTable(width: number, alerts: string = FIRING): PanelSpec {
  return {
    kind: 'table',
    title: 'Firing alerts',
    description: 'Alerts that fire now. Each has a heading in the runbook, prometheus/runbook.md.',
    unit: 'short',
    queries: [{ expr: alerts, legend: '{{alertname}}' }],
    width,
    noValue: 'No alert fires.',
    transformations: [
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true, Value: true, __name__: true, alertstate: true },
          indexByName: {
            severity: 0,
            alertname: 1,
            gen_ai_provider_name: 2,
            gen_ai_request_model: 3,
            tidegate_limit_dimension: 4,
            tidegate_circuit: 5,
            tidegate_bulkhead: 6,
            tidegate_wait_stage: 7,
            job: 8,
            instance: 9,
          },
          renameByName: {
            alertname: 'Alert',
            severity: 'Severity',
            gen_ai_provider_name: 'Provider',
            gen_ai_request_model: 'Model',
            tidegate_limit_dimension: 'Limit',
            tidegate_circuit: 'Circuit',
            tidegate_bulkhead: 'Queue',
            tidegate_wait_stage: 'Stage',
            job: 'Job',
            instance: 'Instance',
          },
        },
      },
    ],
  };
}
