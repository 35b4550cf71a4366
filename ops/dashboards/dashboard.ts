import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  type Dashboard,
  type DashboardLink,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  type RowPanel,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { BY_JOB } from '../alert.ts';
import { createSeries } from '../naming.ts';
import { buildPanel, DATASOURCE, type PanelSpec } from './panel.ts';

export interface Line {
  /** Rows of the grid. */
  readonly height: number;
  readonly panels: readonly PanelSpec[];
}

export interface Row {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly collapsed?: boolean;
  /** Variable; the row is repeated for each of its values. */
  readonly repeat?: string;
}

export interface DashboardSpec {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** Time range at opening, e.g. `now-3h`. */
  readonly from: string;
  readonly rows: readonly Row[];
  /** Series that the variables at the top are read from. Default: tidegate's own. */
  readonly variables?: Variables;
}

/** Selectors of series. */
export interface Variables {
  /** Series that every job has, with its location labels. */
  readonly job: string;
  /** Series that every provider and model has. */
  readonly calls: string;
}

export const COLUMNS = 24;

/** Dashboard JSON for file provisioning (the classic model). @throws Error when a line is wider than the grid. */
export function renderDashboard(spec: DashboardSpec): string {
  const builder = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags(['tidegate'])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .refresh('30s')
    .time({ from: spec.from, to: 'now' })
    .timezone('browser')
    .annotation(firingAlerts())
    .annotation(deployments())
    .link(
      new DashboardLinkBuilder('Tidegate dashboards')
        .type(DashboardLinkType.Dashboards)
        .tags(['tidegate'])
        .keepTime(true)
        .includeVars(true),
    );
  for (const variable of variables(spec.variables ?? OWN)) builder.withVariable(variable);
  const dashboard = builder.build();
  dashboard.panels = layOut(spec.rows);
  showInPlace(dashboard);
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}

/** Stacks rows, and places the panels of a line side by side. */
function layOut(rows: readonly Row[]): (Panel | RowPanel)[] {
  const placed: (Panel | RowPanel)[] = [];
  let y = 0;
  for (const row of rows) {
    const header: RowPanel = {
      type: 'row',
      title: row.title,
      id: stableId(row.title),
      collapsed: row.collapsed ?? false,
      gridPos: { h: 1, w: COLUMNS, x: 0, y },
      panels: [],
      ...(row.repeat && { repeat: row.repeat }),
    };
    placed.push(header);
    y += 1;
    const panels: Panel[] = [];
    for (const { height, panels: specs } of row.lines) {
      let x = 0;
      for (const spec of specs) {
        if (x + spec.width > COLUMNS)
          throw new Error(`Expected a line of at most 24 columns, got more at ${spec.title}`);
        const panel = buildPanel(spec);
        const links = spec.links?.map((link) => ({ ...link, targetBlank: false }));
        panels.push({
          ...panel,
          id: stableId(`${row.title}/${spec.title}`),
          gridPos: { h: height, w: spec.width, x, y },
          ...(links && {
            fieldConfig: {
              ...panel.fieldConfig!,
              defaults: { ...panel.fieldConfig!.defaults, links: links as DashboardLink[] },
            },
          }),
        });
        x += spec.width;
      }
      y += height;
    }
    // A collapsed row holds its panels; an open one precedes them.
    if (row.collapsed) header.panels = panels;
    else placed.push(...panels);
  }
  return placed;
}

/** An id from the title (FNV-1a), so that links to a panel survive changes to other panels. */
function stableId(title: string): number {
  let hash = 0x811c9dc5;
  for (const character of title) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
  return (hash >>> 0) % 1_000_000 || 1;
}

const OWN: Variables = { job: createSeries()('tidegate.build_info'), calls: createSeries()('tidegate.calls') };

/** A selector with more matchers. */
function narrowed(selector: string, matchers: string): string {
  return selector.endsWith('}') ? `${selector.slice(0, -1)},${matchers}}` : `${selector}{${matchers}}`;
}

function variables({ job, calls }: Variables): (DatasourceVariableBuilder | QueryVariableBuilder)[] {
  const where = 'cluster=~"$cluster",namespace=~"$namespace"';
  const targets = `${where},job=~"$job",instance=~"$instance"`;
  const provider = `${targets},gen_ai_provider_name=~"$provider"`;
  const values = (selector: string, label: string): string => `label_values(${selector}, ${label})`;
  return [
    new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    // Not every Prometheus sets these two.
    choice('cluster', 'Cluster', values(job, 'cluster'), '.*'),
    choice('namespace', 'Namespace', values(narrowed(job, 'cluster=~"$cluster"'), 'namespace'), '.*'),
    choice('job', 'Job', values(narrowed(job, where), 'job'), '.+'),
    // OTLP sets it from service.instance.id, which not every application sends.
    choice('instance', 'Instance', values(narrowed(job, `${where},job=~"$job"`), 'instance'), '.*'),
    // Not every call names a model.
    choice('provider', 'Provider', values(narrowed(calls, targets), 'gen_ai_provider_name'), '.*'),
    choice('model', 'Model', values(narrowed(calls, provider), 'gen_ai_request_model'), '.*'),
  ];
}

function choice(name: string, label: string, query: string, all: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query({ query, refId: `${name}-values` })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(all)
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}

const CHOSEN_ALERTS = 'cluster=~"$cluster|",namespace=~"$namespace|",job=~"$job|",gen_ai_provider_name=~"$provider|"';
const OURS = 'alertname=~"Tidegate.+",alertname!="TidegateWatchdog"';

/** Firing alerts, whatever the chosen instance: alerts are about a job or a model. */
export const FIRING: string = `ALERTS{${OURS},alertstate="firing",${CHOSEN_ALERTS}}`;

/** Seconds for which an alert's condition has held. @param alerts selector of firing `ALERTS` */
export function firingFor(alerts: string): string {
  const began = alerts.replace('ALERTS{', 'ALERTS_FOR_STATE{').replace('alertstate="firing",', '');
  return `(time() - ${began}) and ignoring (alertstate) ${alerts}`;
}

function firingAlerts(): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name('Firing alerts')
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor('red')
    .expr(FIRING)
    .titleFormat('{{alertname}}')
    .textFormat('{{severity}} {{gen_ai_provider_name}} {{gen_ai_request_model}} {{tidegate_limit_dimension}}')
    .step('60s');
}

/** New processes: a deployment, or a restart. */
function deployments(): AnnotationQueryBuilder {
  const info = createSeries('cluster=~"$cluster",namespace=~"$namespace",job=~"$job"')('tidegate.build_info');
  return new AnnotationQueryBuilder()
    .name('New processes')
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor('blue')
    .expr(`count by (${BY_JOB}, version) (${info} unless ${info} offset 2m)`)
    .titleFormat('New processes of {{job}}')
    .textFormat('{{cluster}} {{namespace}} tidegate {{version}}')
    .step('60s');
}

/** The library puts links and annotations into a menu and offers no other place. */
function showInPlace(dashboard: Dashboard): void {
  for (const item of [...(dashboard.links ?? []), ...(dashboard.annotations.list ?? [])]) delete item.placement;
}
