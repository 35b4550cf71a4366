import { RUNBOOK_URL } from '../../runbook-url.ts';
import { FIRING, firingFor } from '../dashboard.ts';
import type { PanelSpec } from '../panel.ts';

/** What a row shows, from left to right. */
const COLUMNS = {
  severity: 'Severity',
  alertname: 'Alert',
  Value: 'For',
  gen_ai_provider_name: 'Provider',
  gen_ai_request_model: 'Model',
  about: 'About',
  process: 'Job',
};

/** Omitted columns: those merged into another one, or needed only for the join. */
const HIDDEN = [
  'Time',
  '__name__',
  'alertstate',
  'cluster',
  'namespace',
  'job',
  'instance',
  'long',
  'short',
  'scope',
  'version',
  'tidegate_client',
  'tidegate_limit_dimension',
  'tidegate_wait_stage',
  'tidegate_circuit',
  'tidegate_bulkhead',
  'tidegate_tier_asked',
  'tidegate_cut_reason',
  'tidegate_retry_layer',
  'tidegate_unguarded_via',
];

/** Alerts have labels of their own; a column for each would not fit the panel. */
function columns(alerts: string): string {
  const from = (inner: string, to: string, label: string, pattern = '(.+)'): string =>
    `label_replace(${inner}, "${to}", "$1", "${label}", "${pattern}")`;
  // A lane is named after its provider and model.
  const model = ['tidegate_circuit', 'tidegate_bulkhead'].reduce(
    (inner, label) => from(inner, 'gen_ai_request_model', label, '(?:[^/]+/)?(.+)'),
    alerts,
  );
  const about = [
    'tidegate_wait_stage',
    'tidegate_unguarded_via',
    'tidegate_retry_layer',
    'tidegate_cut_reason',
    'tidegate_tier_asked',
    'tidegate_limit_dimension',
    'long',
  ].reduce((inner, label) => from(inner, 'about', label), model);
  return `label_join(${about}, "process", " ", "job", "instance")`;
}

const MODEL_URL =
  '/d/tidegate-provider?${datasource:queryparam}&${cluster:queryparam}&${namespace:queryparam}&${job:queryparam}&var-model=${__value.raw}&${__url_time_range}';

/** Alerts that are firing. @param alerts selector of those */
export function firingTable(width: number, alerts: string = FIRING): PanelSpec {
  return {
    kind: 'table',
    title: 'Firing alerts',
    description:
      'Alerts that fire now, and for how long it has been so. A click at an alert opens the runbook, one at a model its limits.',
    unit: 'short',
    queries: [{ expr: columns(firingFor(alerts)), legend: '{{alertname}}' }],
    width,
    noValue: alerts === FIRING ? 'No alert fires.' : 'No alert about this fires.',
    transformations: [
      {
        id: 'organize',
        options: {
          excludeByName: Object.fromEntries(HIDDEN.map((name) => [name, true])),
          indexByName: Object.fromEntries(Object.keys(COLUMNS).map((name, index) => [name, index])),
          renameByName: COLUMNS,
        },
      },
    ],
    overrides: [
      {
        matching: '/^For$/',
        properties: [
          { id: 'unit', value: 's' },
          { id: 'decimals', value: 0 },
        ],
      },
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
