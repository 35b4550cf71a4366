import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type DataTransformerConfig,
  type DynamicConfigValue,
  MappingType,
  type Panel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import {
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  PanelBuilder as Heatmap,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimeline } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';

export interface Query {
  readonly expr: string;
  /** Name of the series, with `{{label}}` for labels. */
  readonly legend: string;
}

/** The colour applies from `from` on; the first step has none. */
export interface Step {
  readonly from: number | null;
  readonly color: 'green' | 'yellow' | 'orange' | 'red' | 'blue' | 'purple';
}

interface Common {
  readonly title: string;
  /** What the panel shows, and what to conclude from it. */
  readonly description: string;
  readonly unit: string;
  readonly queries: readonly Query[];
  /** Columns of 24. */
  readonly width: number;
  readonly thresholds?: readonly Step[];
  readonly min?: number;
  readonly max?: number;
  readonly decimals?: number;
  /** Shown instead of "No data". */
  readonly noValue?: string;
  /** Target of a click on a value. */
  readonly links?: readonly { readonly title: string; readonly url: string }[];
}

export type PanelSpec = Common &
  (
    | { readonly kind: 'stat'; readonly show?: 'value' | 'name'; readonly states?: readonly State[] }
    | { readonly kind: 'timeseries'; readonly stack?: 'normal' | 'percent'; readonly overrides?: readonly Override[] }
    | { readonly kind: 'bargauge' }
    | { readonly kind: 'heatmap' }
    | { readonly kind: 'state-timeline'; readonly states: readonly State[] }
    | {
        readonly kind: 'table';
        readonly transformations?: readonly DataTransformerConfig[];
        readonly overrides?: readonly Override[];
      }
  );

export interface Override {
  /** Name of the series or column, as a regular expression. */
  readonly matching: string;
  readonly properties: readonly DynamicConfigValue[];
}

export interface State {
  readonly value: number;
  readonly text: string;
  readonly color: Step['color'];
}

export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' } as const;

/** A panel without place and id; the layout gives them. */
export function buildPanel(spec: PanelSpec): Panel {
  switch (spec.kind) {
    case 'stat':
      return stat(spec);
    case 'timeseries':
      return timeSeries(spec);
    case 'bargauge':
      return common(new BarGauge(), spec)
        .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
        .displayMode(BarGaugeDisplayMode.Gradient)
        .orientation(VizOrientation.Horizontal)
        .build();
    case 'heatmap':
      return common(new Heatmap(), spec)
        .calculate(false)
        .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme('Oranges').steps(64))
        .yAxis(new YAxisConfigBuilder().unit(spec.unit))
        .showLegend()
        .build();
    case 'state-timeline':
      return common(new StateTimeline(), spec)
        .mappings([stateMapping(spec.states)])
        .showValue(VisibilityMode.Auto)
        .legend(
          new VizLegendOptionsBuilder()
            .displayMode(LegendDisplayMode.List)
            .placement(LegendPlacement.Bottom)
            .showLegend(true),
        )
        .build();
    case 'table': {
      const table = common(new Table(), spec)
        .showHeader(true)
        .transformations([...(spec.transformations ?? [])]);
      for (const { matching, properties } of spec.overrides ?? []) table.overrideByRegexp(matching, [...properties]);
      return table.build();
    }
  }
}

function stat(spec: Extract<PanelSpec, { kind: 'stat' }>): Panel {
  const plain = spec.show === 'name' || spec.states !== undefined;
  const panel = common(new Stat(), spec)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .colorMode(BigValueColorMode.Background)
    .graphMode(plain ? BigValueGraphMode.None : BigValueGraphMode.Area)
    .textMode(spec.show === 'name' ? BigValueTextMode.Name : BigValueTextMode.Value);
  if (spec.states) panel.mappings([stateMapping(spec.states)]);
  return panel.build();
}

function timeSeries(spec: Extract<PanelSpec, { kind: 'timeseries' }>): Panel {
  const line = spec.thresholds === undefined ? GraphThresholdsStyleMode.Off : GraphThresholdsStyleMode.Dashed;
  const panel = common(new TimeSeries(), spec)
    .lineWidth(1)
    .fillOpacity(spec.stack ? 40 : 8)
    .showPoints(VisibilityMode.Never)
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(line))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['mean', 'max', 'lastNotNull']),
    );
  if (spec.stack) {
    panel.stacking(
      new StackingConfigBuilder().mode(spec.stack === 'percent' ? StackingMode.Percent : StackingMode.Normal),
    );
  }
  for (const { matching, properties } of spec.overrides ?? []) panel.overrideByRegexp(matching, [...properties]);
  return panel.build();
}

type Builder = Stat | TimeSeries | BarGauge | Heatmap | StateTimeline | Table;

/** Common to all panels. */
function common<B extends Builder>(builder: B, spec: PanelSpec): B {
  const steps = spec.thresholds ?? [{ from: null, color: 'green' }];
  builder
    .title(spec.title)
    .description(spec.description)
    .datasource(DATASOURCE)
    .unit(spec.unit)
    .noValue(spec.noValue ?? 'no data')
    .thresholds(
      new ThresholdsConfigBuilder()
        .mode(ThresholdsMode.Absolute)
        .steps(steps.map(({ from, color }) => ({ value: from, color }))),
    );
  if (spec.min !== undefined) builder.min(spec.min);
  if (spec.max !== undefined) builder.max(spec.max);
  if (spec.decimals !== undefined) builder.decimals(spec.decimals);
  for (const [index, query] of spec.queries.entries()) builder.withTarget(target(query, index, spec));
  return builder;
}

function target(query: Query, index: number, spec: PanelSpec): DataqueryBuilder {
  const builder = new DataqueryBuilder()
    .refId(String.fromCodePoint('A'.codePointAt(0)! + index))
    .datasource(DATASOURCE)
    .expr(query.expr)
    .legendFormat(query.legend);
  if (spec.kind === 'table') return builder.instant().format(PromQueryFormat.Table);
  if (spec.kind === 'bargauge' || (spec.kind === 'stat' && spec.show === 'name')) return builder.instant();
  if (spec.kind === 'heatmap') return builder.range().format(PromQueryFormat.Heatmap);
  return builder.range();
}

function stateMapping(states: readonly State[]): ValueMapping {
  const options = states.map(({ value, text, color }, index) => [String(value), { text, color, index }] as const);
  return { type: MappingType.ValueToText, options: Object.fromEntries(options) };
}
