import type { EChartsType } from 'echarts';
import type { Panel } from './dashboard.ts';
import type { Named, View } from './data.ts';
import { bandsOf, fit, LEGEND, stackable, totals } from './arrange.ts';
import { colorOf, format, PALETTE, stepColor } from './format.ts';

declare const echarts: { init(element: HTMLElement, theme: null, options: { renderer: 'canvas' }): EChartsType };

const TEXT = { color: '#c7ccd6', fontSize: 11 };
const LINE = '#2b2f38';

type Option = Parameters<EChartsType['setOption']>[0];

function draw(element: HTMLElement, option: Option): void {
  echarts.init(element, null, { renderer: 'canvas' }).setOption({ animation: false, textStyle: TEXT, ...option });
}

function timeAxis(view: View): Option {
  return {
    type: 'time',
    min: view.from * 1_000,
    max: view.to * 1_000,
    axisLabel: { ...TEXT, hideOverlap: true },
    axisLine: { lineStyle: { color: LINE } },
  };
}

function valueAxis(unit: string | undefined, min?: number, max?: number): Option {
  return {
    type: 'value',
    min,
    max,
    axisLabel: { ...TEXT, formatter: (value: number) => format(value, unit) },
    splitLine: { lineStyle: { color: LINE } },
  };
}

export function timeSeries(element: HTMLElement, panel: Panel, series: readonly Named[], view: View): void {
  const { unit, min, max, custom, thresholds } = panel.fieldConfig!.defaults;
  const stacked = custom?.stacking?.mode;
  const sums = totals(series);
  const steps = custom?.thresholdsStyle?.mode === 'dashed' ? (thresholds?.steps ?? []) : [];
  const lines = steps.flatMap(({ value, color }) =>
    value === null ? [] : [{ yAxis: value, lineStyle: { color: colorOf(color), type: 'dashed' } }],
  );
  const legend = fit(
    series.map(({ name }) => name),
    element.clientWidth,
  );
  draw(element, {
    color: series.map(({ name }, index) => fixedColor(panel, name) ?? PALETTE[index % PALETTE.length]!),
    grid: { left: 58, right: 12, top: 10, bottom: 24 + legend.rows * LEGEND.row },
    legend: {
      bottom: 0,
      textStyle: { ...TEXT, fontSize: 10, lineHeight: 12 },
      itemWidth: 12,
      itemHeight: 6,
      itemGap: 8,
      padding: 2,
      data: [...legend.names],
    },
    xAxis: timeAxis(view),
    yAxis: valueAxis(unit, min, max),
    series: series.map(({ name, values }, index) => ({
      name,
      type: 'line',
      showSymbol: values.length === 1,
      lineStyle: { width: 1.5 },
      data: stacked
        ? stackable(values, sums, stacked === 'percent')
        : values.map(([at, value]) => [at * 1_000, finite(value)]),
      ...(stacked && { stack: 'all', areaStyle: { opacity: 0.45 } }),
      ...(!stacked && series.length < 4 && { areaStyle: { opacity: 0.08 } }),
      ...(index === 0 && lines.length > 0 && { markLine: { symbol: 'none', label: { show: false }, data: lines } }),
    })),
  });
}

/** A panel's overrides for a series. */
function fixedColor(panel: Panel, name: string): string | undefined {
  for (const { matcher, properties } of panel.fieldConfig?.overrides ?? []) {
    const color = properties.find(({ id }) => id === 'color')?.value as { readonly fixedColor: string } | undefined;
    if (color !== undefined && new RegExp(matcher.options.slice(1, -1)).test(name)) return colorOf(color.fixedColor);
  }
  return undefined;
}

/** Leaves a gap in the line instead of an axis without an end. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

export function barGauge(element: HTMLElement, panel: Panel, series: readonly Named[]): void {
  const { unit, min = 0, max, thresholds } = panel.fieldConfig!.defaults;
  const bars = series.map(({ name, values }) => ({ name, value: values.at(-1)![1] })).toReversed();
  draw(element, {
    grid: { left: 8, right: 56, top: 6, bottom: 6, containLabel: true },
    xAxis: { type: 'value', min, max, show: false },
    yAxis: { type: 'category', data: bars.map(({ name }) => name), axisLabel: TEXT, axisLine: { show: false } },
    series: [
      {
        type: 'bar',
        barMaxWidth: 20,
        showBackground: true,
        backgroundStyle: { color: '#22252c' },
        label: {
          show: true,
          position: 'right',
          ...TEXT,
          formatter: ({ value }: { value: number }) => format(value, unit),
        },
        data: bars.map(({ value }) => ({ value, itemStyle: { color: stepColor(value, thresholds?.steps) } })),
      },
    ],
  });
}

export function heatmap(element: HTMLElement, panel: Panel, series: readonly Named[], view: View): void {
  const { bands, times, cells } = bandsOf(series);
  const { unit } = panel.fieldConfig!.defaults;
  draw(element, {
    grid: { left: 58, right: 12, top: 10, bottom: 24 },
    xAxis: { type: 'category', data: times.map((at) => clock(at, view)), axisLabel: TEXT },
    yAxis: {
      type: 'category',
      data: bands.map((bound) => (bound === Infinity ? 'more' : format(bound, unit))),
      axisLabel: TEXT,
    },
    visualMap: {
      show: false,
      min: 0,
      max: cells.reduce((most, [, , count]) => Math.max(most, count), 1),
      inRange: { color: ['#3d2a17', '#ff9830', '#fff3d6'] },
    },
    series: [{ type: 'heatmap', data: cells }],
  });
}

function clock(at: number, view: View): string {
  return new Date(at * 1_000).toISOString().slice(11, view.to - view.from < 3_600 ? 19 : 16);
}

/** One row per series; a period in one state is one bar. */
export function stateTimeline(element: HTMLElement, panel: Panel, series: readonly Named[], view: View): void {
  const states = panel.fieldConfig!.defaults.mappings?.[0]?.options ?? {};
  draw(element, {
    grid: { left: 8, right: 12, top: 6, bottom: 24, containLabel: true },
    xAxis: timeAxis(view),
    yAxis: { type: 'category', data: series.map(({ name }) => name), axisLabel: { ...TEXT, fontSize: 10 } },
    series: Object.entries(states).map(([value, { text, color }]) => ({
      name: text,
      type: 'scatter',
      symbol: 'rect',
      symbolSize: [Math.max(3, 900 / Math.max(1, series[0]?.values.length ?? 1)), 12],
      itemStyle: { color: colorOf(color) },
      data: series.flatMap(({ name, values }) =>
        values.flatMap(([at, state]) => (state === Number(value) ? [[at * 1_000, name]] : [])),
      ),
    })),
  });
}
