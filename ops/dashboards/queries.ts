import { BY_LIMIT, BY_MODEL } from '../alert.ts';
import { utilization as utilizationBy } from '../recording-rules.ts';
import { METRICS, type Metric, type MetricName } from '../metrics.ts';
import { DEFAULT_THRESHOLDS, type Thresholds } from '../thresholds.ts';
import { type Steps, stepsOf } from './steps.ts';
import { createSeries, type HistogramPart } from '../naming.ts';

/** Selects a metric of the targets, providers and models that the viewer has chosen. */
export type Select = (name: MetricName, matchers?: string, part?: HistogramPart) => string;

export interface DashboardContext {
  readonly select: Select;
  readonly thresholds: Thresholds;
  /** Colours by these thresholds. */
  readonly steps: Steps;
}

export const TARGETS = 'cluster=~"$cluster",namespace=~"$namespace",job=~"$job",instance=~"$instance"';

/** The same for recorded series, which have no instance. */
export const RECORDED = 'cluster=~"$cluster",namespace=~"$namespace",job=~"$job",gen_ai_provider_name=~"$provider"';

export function createContext(thresholds: Thresholds = DEFAULT_THRESHOLDS): DashboardContext {
  const series = createSeries(TARGETS);
  return {
    thresholds,
    steps: stepsOf(thresholds),
    select: (name, matchers = '', part) => {
      const { attributes }: Metric = METRICS[name];
      const chosen = [
        ...(attributes.includes('gen_ai.provider.name') ? ['gen_ai_provider_name=~"$provider"'] : []),
        ...(attributes.includes('gen_ai.request.model') ? ['gen_ai_request_model=~"$model"'] : []),
        // A lane is named after its provider and model.
        ...LANE_LABELS.filter((label) => attributes.includes(label)).map(
          (label) => `${label.replaceAll('.', '_')}=~"(.+/)?$model(/.*)?"`,
        ),
        ...(matchers === '' ? [] : [matchers]),
      ];
      return series(name, chosen.join(','), part);
    },
  };
}

const LANE_LABELS = ['tidegate.bulkhead', 'tidegate.circuit'];

/** One account's limit is never mixed with that of another job, or of another client in it. */
export const LANE: string = BY_MODEL;
export const LIMIT: string = BY_LIMIT;
export const LIMIT_LEGEND = '{{gen_ai_request_model}} {{tidegate_limit_dimension}} {{tidegate_client}}';

/** Refusals that pacing should prevent. */
export const REFUSED = 'tidegate_limit_dimension!~"quota|overloaded|no_capacity"';

export const FAILED = 'tidegate_outcome!~"success|success_after_retry|cancelled|bad_request|client_error"';

/** Calls that count towards success: those that the application neither cancelled nor got wrong. */
export const COUNTED = 'tidegate_outcome!~"cancelled|bad_request|client_error"';

/** Per second over the interval that suits the panel. */
export function rate(selector: string): string {
  return `rate(${selector}[$__rate_interval])`;
}

/** Share of each limit in use, as the alerts see it. */
export function utilization({ select }: DashboardContext, own = ''): string {
  return utilizationBy(LIMIT, (matchers) =>
    select('tidegate.limit.utilization_ratio', own === '' ? matchers : `${matchers},${own}`),
  );
}

/** 0 instead of nothing while nothing of a kind was counted. */
export function orZero(expr: string): string {
  return `${expr} or vector(0)`;
}

/** A quotient that is absent rather than NaN without traffic. */
export function ratio(numerator: string, denominator: string): string {
  return `${numerator} / (${denominator} > 0)`;
}

/** Share of calls that succeeded, retries included. */
export function success({ select }: DashboardContext): string {
  const succeeded = select('tidegate.calls', 'tidegate_outcome=~"success|success_after_retry"');
  return ratio(`sum(${rate(succeeded)})`, `sum(${rate(select('tidegate.calls', COUNTED))})`);
}

export function quantile(q: number, bucket: string, by = ''): string {
  return `histogram_quantile(${q}, sum by (${by === '' ? 'le' : `${by}, le`}) (${rate(bucket)}))`;
}
