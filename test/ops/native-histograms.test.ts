import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AggregationTemporality,
  AggregationType,
  DataPointType,
  InMemoryMetricExporter,
  InstrumentType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { METRICS, type MetricName } from '../../ops/metrics.ts';
import { nativeInDashboard } from '../../ops/native-histograms.ts';
import { ruleGroups } from '../../ops/rules.ts';
import { allPanels, type Dashboard, loadDashboards } from './dashboard-json.ts';
import { concrete, seriesIn } from './promql.ts';
import { type NativePoint, writeNative } from './remote-write.ts';
import { withServer } from './server.ts';
import { need, TOOL_TIMEOUT_MS } from './tools.ts';

const RULES = ruleGroups({ histograms: 'native' }).flatMap(({ rules }) => rules);
const BOARDS = loadDashboards().map(
  (board) => JSON.parse(nativeInDashboard(JSON.stringify(board), 'native')) as Dashboard,
);
const QUERIES = [
  ...RULES.map(({ expr }) => expr),
  ...RULES.flatMap(({ annotations }) =>
    [...(annotations?.description ?? '').matchAll(/printf `([^`]+)`/g)].map(([, query]) => query!),
  ),
  ...BOARDS.flatMap((board) =>
    allPanels(board)
      .filter(({ type }) => type !== 'row')
      .flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ),
];

const own = (Object.keys(METRICS) as MetricName[]).filter((name) => METRICS[name].instrument === 'histogram');
const isHistogram = (name: string): boolean =>
  own.some((each) => name === each.replaceAll('.', '_')) ||
  /^gen_ai_.*(?:duration|chunk|token|usage)(?:_seconds)?$/.test(name);

test('no query selects bucket, sum or count series, and every histogram is read as native', () => {
  const classic = QUERIES.filter((expr) => seriesIn(expr).some(({ name }) => /_(?:bucket|sum|count)$/.test(name)));
  expect(classic).toEqual([]);
  expect(QUERIES.filter((expr) => /\ble\b/.test(expr))).toEqual([]);
  const histograms = QUERIES.filter((expr) => seriesIn(expr).some(({ name }) => isHistogram(name)));
  expect(histograms.length).toBeGreaterThan(25);
  // A native histogram as such has no comparable sum; only a heatmap draws one.
  const bare = histograms.filter((expr) => !/histogram_(?:quantile|count|sum)\(/.test(expr));
  expect(bare.map(concrete)).toEqual(
    bare.map(() => expect.stringMatching(/^sum ?\((?:increase|rate)\(\w+\{.*\}\[5m\]\)\)$/)),
  );
});

const LABELS = {
  cluster: 'eu',
  namespace: 'prod',
  job: 'app',
  gen_ai_provider_name: 'openai',
  gen_ai_request_model: 'm',
};
const STEP = 15;
const STEPS = 30;

test(
  'a real Prometheus gets from native histograms what it gets from bucket series, but more exactly',
  { timeout: TOOL_TIMEOUT_MS },
  async (context) => {
    const prometheus = need('prometheus', context);
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-native-'));
    try {
      writeFileSync(join(folder, 'prometheus.yml'), '');
      const args = (port: number): string[] => [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--web.enable-remote-write-receiver',
        '--enable-feature=native-histograms',
      ];
      await withServer(prometheus, args, async (url) => {
        const end = Math.floor(Date.now() / 1_000);
        const name = 'tidegate_attempt_duration_seconds';
        await writeNative(url, { __name__: name, ...LABELS, instance: 'a' }, await pointsUpTo(end));
        const ask = async (record: string): Promise<number> => {
          const { expr } = RULES.find((rule) => rule.record === record)!;
          const response = await fetch(`${url}/api/v1/query`, {
            method: 'POST',
            body: new URLSearchParams({ query: expr, time: String(end) }),
          });
          const { data, error } = (await response.json()) as {
            data?: { result: { value: [number, string] }[] };
            error?: string;
          };
          if (data === undefined) throw new Error(`${expr}: ${error}`);
          expect(data.result).toHaveLength(1);
          return Number(data.result[0]!.value[1]);
        };
        // 40 attempts every 15 s, evenly between 0 and 10 s.
        expect(await ask('tidegate:attempts:increase2m')).toBeCloseTo(320, 0);
        const p95 = await ask('tidegate:attempt_duration:p95_5m');
        expect(p95).toBeGreaterThan(9.3);
        expect(p95).toBeLessThan(9.8);
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

/** The SDK's aggregate of attempts, one point per step until the end. */
async function pointsUpTo(end: number): Promise<NativePoint[]> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const exponential = new Proxy(exporter, {
    get: (target, key, receiver) =>
      key === 'selectAggregation'
        ? (type: InstrumentType) => ({
            type: type === InstrumentType.HISTOGRAM ? AggregationType.EXPONENTIAL_HISTOGRAM : AggregationType.DEFAULT,
          })
        : (Reflect.get(target, key, receiver) as unknown),
  });
  const reader = new PeriodicExportingMetricReader({ exporter: exponential, exportIntervalMillis: 1e9 });
  const provider = new MeterProvider({ readers: [reader] });
  const histogram = provider.getMeter('test').createHistogram('attempts', {
    advice: { explicitBucketBoundaries: [1, 2.5, 10] },
  });
  const points: NativePoint[] = [];
  for (let step = 0; step < STEPS; step += 1) {
    for (let turn = 1; turn <= 40; turn += 1) histogram.record(turn / 4);
    const { resourceMetrics } = await reader.collect();
    const { dataPointType, dataPoints } = resourceMetrics.scopeMetrics[0]!.metrics[0]!;
    if (dataPointType !== DataPointType.EXPONENTIAL_HISTOGRAM) throw new Error('Expected an exponential histogram');
    points.push({ at: end - (STEPS - 1 - step) * STEP, ...dataPoints[0]!.value });
  }
  await provider.shutdown();
  return points;
}
