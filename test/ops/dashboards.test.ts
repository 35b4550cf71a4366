import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { GEN_AI_LABELS, GEN_AI_SERIES } from '../../ops/gen-ai-series.ts';
import { type Metric, METRICS } from '../../ops/metrics.ts';
import { familyName } from '../../ops/naming.ts';
import { ruleGroups } from '../../ops/rules.ts';
import { SCRAPE_INTERVAL } from '../../ops/thresholds.ts';
import { allPanels, loadDashboards } from './dashboard-json.ts';
import { concrete, seriesIn } from './promql.ts';
import { need, ROOT, runTool } from './tools.ts';

/** Series without the label `instance`, with the reason why their queries may omit a selector of targets. */
const WITHOUT_INSTANCE: readonly (readonly [RegExp, string])[] = [
  [/^ALERTS(?:_FOR_STATE)?$/, 'alerts are about a job, a provider or a model'],
  [/^tidegate:/, 'recording rules aggregate instances away'],
];

const TARGET_LABELS = ['cluster', 'namespace', 'job', 'instance'];

/** Families of the GenAI conventions, which any emitter may have. */
const GEN_AI: ReadonlySet<string> = new Set(Object.values(GEN_AI_SERIES).flat());

const COUNTERS = /_(total|bucket|sum|count)$/;

/** Options that a panel type must have. */
const OPTIONS: Readonly<Record<string, object>> = {
  timeseries: {
    legend: { displayMode: 'table', showLegend: true, calcs: ['mean', 'max', 'lastNotNull'] },
    tooltip: { mode: 'multi' },
  },
  stat: { reduceOptions: { calcs: ['lastNotNull'] } },
  bargauge: { reduceOptions: { calcs: ['lastNotNull'] } },
};

describe('dashboards', () => {
  const dashboards = loadDashboards();

  test('are the five that link to each other', () => {
    expect(dashboards.map(({ uid }) => uid).toSorted()).toEqual([
      'tidegate-gen-ai',
      'tidegate-overview',
      'tidegate-provider',
      'tidegate-slo',
      'tidegate-work',
    ]);
    for (const { links, tags } of dashboards) {
      expect(tags).toContain('tidegate');
      expect(links).toEqual([
        expect.objectContaining({ type: 'dashboards', tags: ['tidegate'], keepTime: true, includeVars: true }),
      ]);
      expect(links[0]).not.toHaveProperty('placement');
    }
  });

  describe.each(dashboards.map((dashboard) => [dashboard.uid, dashboard] as const))('%s', (_, dashboard) => {
    const panels = allPanels(dashboard);
    const visual = panels.filter((panel) => panel.type !== 'row');
    const cases = visual.map((panel) => [panel.title, panel] as const);

    test('opens with a title, a description, a range, a refresh and a shared crosshair, and cannot be edited', () => {
      expect(dashboard.title).toMatch(/^Tidegate \/ /);
      expect(dashboard.description.length).toBeGreaterThan(40);
      expect(dashboard).toMatchObject({ editable: false, graphTooltip: 1, refresh: '30s', time: { to: 'now' } });
      expect(JSON.stringify(dashboard)).not.toMatch(/__inputs|DS_PROMETHEUS/);
    });

    test('has variables for data source, cluster, namespace, job, provider and model', () => {
      const variables = dashboard.templating.list;
      expect(variables.map(({ name }) => name)).toEqual([
        'datasource',
        'cluster',
        'namespace',
        'job',
        'instance',
        'provider',
        'model',
      ]);
      expect(variables[0]).toMatchObject({ type: 'datasource', query: 'prometheus' });
      for (const variable of variables.slice(1)) {
        expect(variable).toMatchObject({
          type: 'query',
          multi: true,
          includeAll: true,
          datasource: { uid: '${datasource}' },
        });
        expect(variable.label).toBeTruthy();
      }
      expect(variables[3]!.allValue).toBe('.+');
      // OTLP does not always set an instance.
      expect(variables[4]!.allValue).toBe('.*');
    });

    test('marks firing alerts and deployments', () => {
      expect(dashboard.annotations.list).toEqual([
        expect.objectContaining({
          enable: true,
          expr: expect.stringContaining(
            'ALERTS{alertname=~"Tidegate.+",alertname!="TidegateWatchdog",alertstate="firing"',
          ),
        }),
        expect.objectContaining({ enable: true, expr: expect.stringContaining(' offset 2m)') }),
      ]);
      expect(visual.some((panel) => panel.type === 'table' && panel.targets[0]!.expr.includes('ALERTS{'))).toBe(true);
    });

    test('has unique ids and no overlap within 24 columns', () => {
      const ids = panels.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of ids) expect(id).toBeGreaterThan(0);
      const taken = new Map<string, string>();
      const overlaps: string[] = [];
      for (const { gridPos, title } of panels) {
        expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
            const other = taken.get(`${x},${y}`);
            if (other !== undefined) overlaps.push(`${title} over ${other}`);
            taken.set(`${x},${y}`, title);
          }
        }
      }
      expect(overlaps).toEqual([]);
    });

    test.each(cases)('panel "%s" has a description, a unit and thresholds', (title, panel) => {
      expect(title.length).toBeGreaterThan(3);
      expect(panel.description).toMatch(/^.{30,}[.]$/s);
      expect(panel.datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
      const { unit, thresholds, noValue } = panel.fieldConfig.defaults;
      expect(unit).toMatch(/^(percentunit|s|short|reqps|reqpm|currencyUSD)$/);
      expect(thresholds.steps.length).toBeGreaterThan(0);
      expect(thresholds.steps[0]!.value).toBeNull();
      expect(noValue).toBeTruthy();
      expect(panel.options).toMatchObject(OPTIONS[panel.type] ?? {});
    });

    test('time series begin at zero and shares end at one', () => {
      const series = visual.filter((panel) => panel.type === 'timeseries');
      expect(series.filter((panel) => panel.fieldConfig.defaults.min !== 0).map(({ title }) => title)).toEqual([]);
      const stacked = series.filter((panel) => JSON.stringify(panel.fieldConfig).includes('"mode":"percent"'));
      expect(stacked.filter((panel) => panel.fieldConfig.defaults.max !== 1).map(({ title }) => title)).toEqual([]);
    });

    test.each(cases)('queries of "%s" have legends, all variables, and aggregate counters', (_title, panel) => {
      expect(panel.targets.length).toBeGreaterThan(0);
      const refIds = panel.targets.map(({ refId }) => refId);
      expect(new Set(refIds).size).toBe(refIds.length);
      for (const target of panel.targets) {
        expect(target.refId).toMatch(/^[A-Z]$/);
        expect(target.legendFormat).toBeTruthy();
        expect(target.datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
        expect(problems(target.expr)).toEqual([]);
      }
    });
  });

  test('use only metrics and labels that are emitted', () => {
    const families = new Map(
      Object.entries<Metric>(METRICS).map(([name, metric]) => [familyName(name, metric), metric] as const),
    );
    const recorded = new Set(ruleGroups().flatMap((group) => group.rules.map((rule) => rule.record)));
    const used = dashboards
      .flatMap(allPanels)
      .flatMap((panel) => (panel.targets ?? []).flatMap(({ expr }) => seriesIn(expr)));
    expect(used.length).toBeGreaterThan(100);
    const metricOf = (name: string): Metric | undefined =>
      families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
    const foreign = used.filter(({ name }) => GEN_AI.has(name.replace(/_(bucket|sum|count)$/, '')));
    expect(foreign.length).toBeGreaterThan(20);
    for (const { labels } of foreign)
      expect(TARGET_LABELS.concat(GEN_AI_LABELS)).toEqual(expect.arrayContaining([...labels]));
    const own = used.filter(
      (series) =>
        !recorded.has(series.name) &&
        !foreign.includes(series) &&
        !series.name.startsWith('ALERTS') &&
        series.name !== 'up',
    );
    for (const { name, labels } of own) {
      const known = metricOf(name)?.attributes.map((attribute) => attribute.replaceAll('.', '_')) ?? ['no such metric'];
      expect([name, ...labels.filter((label) => ![...known, ...TARGET_LABELS, 'le'].includes(label))]).toEqual([name]);
      expect([name, ...known]).not.toContain('no such metric');
    }
    const shown = new Set(own.map(({ name }) => metricOf(name)));
    expect([...families].filter(([, metric]) => !shown.has(metric)).map(([family]) => family)).toEqual([]);
  });

  test('hold valid PromQL', (context) => {
    const promtool = need('promtool', context);
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-dashboards-'));
    try {
      const queries = dashboards
        .flatMap(allPanels)
        .flatMap((panel) => (panel.targets ?? []).map(({ expr }) => concrete(expr)));
      const rules = queries.map((expr, index) => ({ record: `query:${index}`, expr }));
      writeFileSync(join(folder, 'queries.yml'), stringify({ groups: [{ name: 'dashboards', rules }] }));
      expect(runTool(promtool, ['check', 'rules', join(folder, 'queries.yml')])).toContain(
        `${queries.length} rules found`,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('the overview starts with the summary', () => {
    const overview = dashboards.find(({ uid }) => uid === 'tidegate-overview')!;
    const [row, ...rest] = overview.panels;
    expect(row).toMatchObject({ type: 'row', title: 'Are we at our limit?', gridPos: { y: 0 } });
    const first = rest.filter((panel) => panel.gridPos.y === 1).map(({ title }) => title);
    expect(first.slice(0, 3)).toEqual(['Worst limit used', 'Which limit', 'Near the limit for']);
  });

  test('the drill-down repeats a row for each model, and everything in it selects the model', () => {
    const panels = dashboards.find(({ uid }) => uid === 'tidegate-provider')!.panels;
    const start = panels.findIndex((panel) => panel.repeat === 'model');
    expect(panels[start]).toMatchObject({ type: 'row', title: '$model' });
    expect(panels.length - start).toBeGreaterThan(10);
    for (const panel of panels.slice(start + 1)) {
      for (const { expr } of panel.targets) expect(expr).toContain('gen_ai_request_model=~"$model"');
    }
  });
});

/** Violations of the rules for dashboard queries; empty if there are none. */
function problems(expr: string): string[] {
  const found: string[] = [];
  for (const [, fn, window] of expr.matchAll(/(rate|increase)\([^[]*\[([^\]]+)\]/g)) {
    // An increase over a fixed interval is intended; a rate must suit the zoom.
    const allowed = fn === 'rate' ? ['$__rate_interval'] : ['$__rate_interval', '$__range', '5m', '30m', '30d'];
    if (!allowed.includes(window!)) found.push(`${fn} over ${window}`);
  }
  for (const { name, labels } of seriesIn(expr)) {
    const needed = WITHOUT_INSTANCE.some(([pattern]) => pattern.test(name)) ? ['job'] : ['job', 'instance'];
    for (const label of needed) if (!labels.includes(label)) found.push(`${name} without ${label}`);
    const aggregated = new RegExp(`(rate|increase)\\(${name}\\{`).test(expr);
    if (COUNTERS.test(name) && !aggregated) found.push(`${name} without rate or increase`);
  }
  return found;
}

describe('provisioning', () => {
  const read = (path: string): unknown => parse(readFileSync(join(ROOT, path), 'utf8'));

  test('scrape interval, data source and thresholds agree', () => {
    const { datasources } = read('grafana/provisioning/datasources/prometheus.yaml') as {
      datasources: { type: string; uid: string; editable: boolean; jsonData?: { timeInterval?: string } }[];
    };
    const prometheus = datasources.find(({ type }) => type === 'prometheus');
    expect(prometheus).toMatchObject({
      uid: 'prometheus',
      editable: false,
      jsonData: { timeInterval: SCRAPE_INTERVAL },
    });
    for (const path of ['prometheus/prometheus.yml', 'prometheus/prometheus.local.yml']) {
      expect(read(path)).toMatchObject({ global: { scrape_interval: SCRAPE_INTERVAL } });
    }
  });

  test('dashboards are read from files and cannot be changed or deleted', () => {
    expect(read('grafana/provisioning/dashboards/tidegate.yaml')).toMatchObject({
      providers: [{ folder: 'Tidegate', type: 'file', disableDeletion: true, allowUiUpdates: false }],
    });
  });
});
