import { METRICS, type Metric, type MetricName } from '../metrics.ts';
import { createSeries, type HistogramPart, type Naming } from '../naming.ts';

/** Selects a metric of the targets, providers and models that the viewer has chosen. */
export type Select = (name: MetricName, matchers?: string, part?: HistogramPart) => string;

export interface DashboardContext {
  readonly naming: Naming;
  readonly select: Select;
}

export const TARGETS = 'job=~"$job",instance=~"$instance"';

export function createContext(naming: Naming): DashboardContext {
  const series = createSeries(naming, TARGETS);
  return {
    naming,
    select: (name, matchers = '', part) => {
      const { attributes }: Metric = METRICS[name];
      const chosen = [
        ...(attributes.includes('gen_ai.provider.name') ? ['gen_ai_provider_name=~"$provider"'] : []),
        ...(attributes.includes('gen_ai.request.model') ? ['gen_ai_request_model=~"$model"'] : []),
        ...(matchers === '' ? [] : [matchers]),
      ];
      return series(name, chosen.join(','), part);
    },
  };
}

export const LIMIT = 'gen_ai_provider_name, gen_ai_request_model, tidegate_limit_dimension';
export const LIMIT_LEGEND = '{{gen_ai_request_model}} {{tidegate_limit_dimension}}';

/** Refusals that pacing should prevent. */
export const REFUSED = 'tidegate_limit_dimension!~"quota|overloaded"';

export const FAILED = 'tidegate_outcome!~"success|success_after_retry|cancelled|client_error"';

/** Calls that count for success: those that the application neither cancelled nor got wrong. */
export const COUNTED = 'tidegate_outcome!~"cancelled|client_error"';

/** Per second over the interval that suits the panel. */
export function rate(selector: string): string {
  return `rate(${selector}[$__rate_interval])`;
}

/** Share of each limit in use: the account's, as every process sees the same bucket. */
export function utilization({ select }: DashboardContext, offset = ''): string {
  const suffix = offset === '' ? '' : ` offset ${offset}`;
  return `1 - min by (${LIMIT}) (${select('tidegate.ratelimit.remaining')}${suffix}) / (max by (${LIMIT}) (${select('tidegate.ratelimit.limit')}${suffix}) > 0)`;
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

/** The same quantity under the old and the new name of the GenAI conventions. */
export function eitherName(old: string, renamed: string): string {
  return `${old} or ${renamed}`;
}
