import { RUNBOOK_URL } from '../../runbook-url.ts';
import { FIRING } from '../dashboard.ts';
import type { PanelSpec } from '../panel.ts';

/** What a row does without: it says which alert, about what, whose. */
const HIDDEN = [
  'Time',
  'Value',
  '__name__',
  'alertstate',
  'cluster',
  'namespace',
  'long',
  'short',
  'scope',
  'tidegate_client',
];

const MODEL_URL =
  '/d/tidegate-provider?${datasource:queryparam}&${cluster:queryparam}&${namespace:queryparam}&${job:queryparam}&var-model=${__value.raw}&${__url_time_range}';

/** Alerts that fire now. */
export function firingTable(width: number, alerts: string = FIRING): PanelSpec {
  return {
    kind: 'table',
    title: 'Firing alerts',
    description: 'Alerts that fire now. A click at an alert opens the runbook, one at a model its limits.',
    unit: 'short',
    queries: [{ expr: alerts, legend: '{{alertname}}' }],
    width,
    noValue: 'No alert fires.',
    transformations: [
      {
        id: 'organize',
        options: {
          excludeByName: Object.fromEntries(HIDDEN.map((name) => [name, true])),
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
    overrides: [
      {
        matching: '/^Alert$/',
        properties: [{ id: 'links', value: [{ title: 'Runbook', url: `${RUNBOOK_URL}#\${__value.raw}` }] }],
      },
      {
        matching: '/^Model$/',
        properties: [{ id: 'links', value: [{ title: 'Limits of this model', url: MODEL_URL }] }],
      },
    ],
  };
}
