import { BarChart, HeatmapChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent, VisualMapComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { stretchesOf } from './stretches.ts';
import type { Amounts, LimitSummary, PoolCalls } from './summarize.ts';

use([
  BarChart,
  HeatmapChart,
  LineChart,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  VisualMapComponent,
  SVGRenderer,
]);

export interface Charts {
  readonly overTime: string | undefined;
  readonly week: string | undefined;
  readonly pools: readonly { readonly pool: string; readonly svgs: readonly { svg: string; caption: string }[] }[];
}

const WIDTH = 960;
const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
/** Visible on light and dark pages. */
const GREY = '#888888';
const LINES = { axisLine: { lineStyle: { color: GREY } }, axisLabel: { color: GREY }, splitLine: { show: false } };
const MAX_POINTS = 480;

const SHOWN = [
  ['requests', 'requests'],
  ['tokens', 'tokens'],
  ['inputTokens', 'input tokens'],
  ['outputTokens', 'output tokens'],
] as const satisfies readonly (readonly [keyof Amounts, string])[];

/** Charts as SVG text; drawn without a browser. */
export function drawCharts(limits: readonly LimitSummary[], pools: readonly PoolCalls[]): Charts {
  return {
    overTime: limits.length === 0 ? undefined : overTime(limits),
    week: limits.length === 0 ? undefined : week(limits),
    pools: pools.map((pool) => ({
      pool: pool.pool,
      // Without limits, show requests and tokens.
      svgs: SHOWN.filter(([kind]) => (pool.limits[kind] ?? 0) > 0 || kind === 'requests' || kind === 'tokens').map(
        ([kind, words]) => ({
          svg: minutes(pool, kind),
          caption: `${words} a minute${pool.limits[kind] ? ', and their limit' : ''}`,
        }),
      ),
    })),
  };
}

function draw(height: number, options: EChartsCoreOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  try {
    chart.setOption({ animation: false, useUTC: true, textStyle: { fontFamily: 'system-ui, sans-serif' }, ...options });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

function overTime(limits: readonly LimitSummary[]): string {
  const names = limits.map(({ pool, dimension }) => `${pool}, ${dimension.replaceAll('_', ' ')}`);
  // Stacked bars stand on each other only where every series has every hour.
  const hours = [...new Set(limits.flatMap(({ byTime }) => byTime.map(([hour]) => hour)))].sort((a, b) => a - b);
  // Stacked: without a browser, text widths are unknown.
  const top = 20 + 18 * names.length;
  return draw(220 + top, {
    legend: { top: 0, left: 60, orient: 'vertical', itemGap: 4, textStyle: { color: GREY } },
    grid: { left: 60, right: 20, top, bottom: 30 },
    xAxis: { type: 'time', ...LINES },
    yAxis: { type: 'value', minInterval: 1, ...LINES },
    series: limits.map(({ byTime }, at) => ({
      type: 'bar',
      stack: 'hits',
      barMaxWidth: 12,
      name: names[at],
      data: withAll(hours, byTime),
    })),
  });
}

function withAll(hours: readonly number[], byTime: LimitSummary['byTime']): readonly (readonly [number, number])[] {
  const hits = new Map(byTime);
  return hours.map((hour) => [hour, hits.get(hour) ?? 0]);
}

function week(limits: readonly LimitSummary[]): string {
  const hits = Array.from({ length: 7 * 24 }, (_, at) => limits.reduce((sum, each) => sum + each.byWeekHour[at]!, 0));
  return draw(260, {
    grid: { left: 60, right: 20, top: 10, bottom: 60 },
    xAxis: { type: 'category', data: Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0')), ...LINES },
    yAxis: { type: 'category', data: DAYS, inverse: true, ...LINES },
    visualMap: {
      min: 0,
      max: Math.max(1, ...hits),
      orient: 'horizontal',
      left: 'center',
      bottom: 0,
      itemHeight: 120,
      text: [String(Math.max(1, ...hits)), '0'],
      textStyle: { color: GREY },
      inRange: { color: ['#8080801a', '#f2b04c', '#c2321c'] },
    },
    series: [{ type: 'heatmap', data: hits.map((count, at) => [at % 24, Math.floor(at / 24), count]) }],
  });
}

function minutes({ minutes, limits }: PoolCalls, kind: keyof Amounts): string {
  const limit = limits[kind];
  return draw(220, {
    grid: { left: 80, right: 20, top: 20, bottom: 30 },
    xAxis: { type: 'time', ...LINES },
    // Keeps the limit's line visible, however far below it calls are.
    yAxis: {
      type: 'value',
      max: ({ max }: { max: number }) => Math.ceil(Math.max(max, (limit ?? 0) * 1.05)),
      ...LINES,
    },
    series: [
      {
        type: 'line',
        step: 'end',
        showSymbol: minutes.length < 3,
        areaStyle: { opacity: 0.2 },
        data: stretchesOf(
          minutes.map(([at, amounts]) => [at, amounts[kind]] as const),
          MAX_POINTS,
        ),
        ...(limit !== undefined && {
          markLine: {
            silent: true,
            symbol: 'none',
            lineStyle: { color: '#c2321c' },
            label: { color: GREY, formatter: 'limit', position: 'insideEndTop' },
            data: [{ yAxis: limit }],
          },
        }),
      },
    ],
  });
}
