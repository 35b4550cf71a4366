import { BUCKET_DIMENSIONS, type Dimension } from '../src/core/dimensions.ts';
import type { Series } from './naming.ts';
import type { Thresholds } from './thresholds.ts';

export type Severity = 'critical' | 'warning' | 'info' | 'none';

/** An alert as its module writes it; the renderer adds `severity` and `runbook_url`. */
export interface Alert {
  readonly name: `Tidegate${string}`;
  readonly expr: string;
  /** Prometheus duration that the condition must hold. */
  readonly for: string;
  /** Prometheus duration for which it keeps firing after the condition has ended, so that it does not flap. */
  readonly keepFiringFor?: string;
  /** `critical` pages, `warning` is a ticket, `info` is context, `none` is a heartbeat. */
  readonly severity: Severity;
  readonly labels?: Readonly<Record<string, string>>;
  /** One sentence without values: it is the headline of a group. */
  readonly summary: string;
  /** Template: who, how much, against which threshold, and what to do. */
  readonly description: string;
}

/** What modules build their expressions from. */
export interface RuleContext {
  readonly series: Series;
  readonly thresholds: Thresholds;
  /** Label matchers that select tidegate's targets, without braces; may be empty. */
  readonly selector: string;
  /** Whether an alert of this name pages, so that its cause need not be reported again. */
  readonly pages: (name: Alert['name']) => boolean;
}

/**
 * Where something runs, kept by every aggregation and in every join: a job of the same name in another cluster or
 * namespace is another job, and `tidegate.client` distinguishes clients of different accounts in one job. A label that
 * is not set costs nothing.
 */
export const BY_JOB = 'cluster, namespace, job';
const BY_CLIENT = `${BY_JOB}, tidegate_client`;

/** Label sets that alerts are keyed by. */
export const BY_PROVIDER: string = `${BY_CLIENT}, gen_ai_provider_name`;
export const BY_MODEL: string = `${BY_PROVIDER}, gen_ai_request_model`;
export const BY_LIMIT: string = `${BY_MODEL}, tidegate_limit_dimension`;

/** Calls other than a batch's, which wait by design. */
export const URGENT = 'tidegate_priority!="batch"';

export const BY_BULKHEAD: string = `${BY_PROVIDER}, tidegate_bulkhead`;
export const BY_CIRCUIT: string = `${BY_PROVIDER}, tidegate_circuit`;

/** The job of an alert, with the labels that distinguish it. */
export const JOB =
  '{{ with $labels.cluster }}{{ . }}/{{ end }}{{ with $labels.namespace }}{{ . }}/{{ end }}{{ $labels.job }}';

/** `label=%q,...` for the labels of a set, and the arguments that fill it in. */
export function lookupOf(labels: string): { readonly matchers: string; readonly args: string } {
  const names = labels.split(', ');
  return {
    matchers: names.map((name) => `${name}=%q`).join(','),
    args: names.map((name) => `$labels.${name}`).join(' '),
  };
}

/** Names of an alert's subject, for descriptions. */
export const MODEL: string = `{{ $labels.gen_ai_provider_name }}/{{ $labels.gen_ai_request_model }} (${JOB})`;
export const PROVIDER: string = `{{ $labels.gen_ai_provider_name }} (${JOB})`;

/** Dimensions without advice here: it is in the event of the refused call. */
type Unadvised = 'project_tokens' | 'tools' | 'quota' | 'unknown';

export type Advised = Exclude<Dimension, Unadvised> | 'pause' | 'circuit';

/** The limits of a tier. */
export const TIER: readonly Advised[] = [
  ...BUCKET_DIMENSIONS.filter((each) => each !== 'project_tokens'),
  'concurrency',
];

/** What to do about a limit, by `tidegate_limit_dimension`. */
const ADVICE: Readonly<Record<Advised, string>> = {
  requests: 'Slow down requests: batch small calls or spread them; for more, raise the tier.',
  tokens: 'Shrink tokens: shorten prompts and lower max_tokens; for more, raise the tier.',
  input_tokens: 'Shrink tokens: shorten or cache prompts; for more, raise the tier.',
  output_tokens: 'Shrink tokens: lower max_tokens or ask for shorter answers; for more, raise the tier.',
  requests_day: 'Raise the tier, or spread the requests over more days.',
  tokens_day: 'Raise the tier, or shrink tokens and spread the work over more days.',
  concurrency: 'Slow down requests: lower bulkhead.maxConcurrent to what the account allows.',
  acceleration: 'Slow down requests: let the traffic grow gradually, e.g. with pacing.mode smooth.',
  images: 'Ask for fewer images or spread them; for more, raise the tier. Calls without images are not held.',
  input_images: 'Send fewer images or spread them; for more, raise the tier. Calls without images are not held.',
  audio_seconds: 'Send less audio or spread it; for more, raise the tier. Calls without audio are not held.',
  audio_seconds_day: 'Raise the tier, or spread the audio over more days. Calls without audio are not held.',
  long_context: 'Shorten prompts to 200,000 tokens, or spread the longer ones. Shorter calls are not held.',
  web_search: 'Search less or spread the searches; for more, raise the tier. Other calls are not held.',
  pause: 'The provider asked to wait: slow down requests until it stops doing so.',
  circuit: 'The provider keeps failing: fix or replace it; limits are not the cause.',
};

const FALLBACK = 'Read the tidegate.ratelimit.hit events of the refused calls: they say what is known of the limit.';

/**
 * Template that prints the advice for a limit.
 * @param dimensions Limits that the alert can be about.
 * @param variable Template expression that holds the dimension.
 */
export function adviceFor(dimensions: readonly Advised[], variable = '$labels.tidegate_limit_dimension'): string {
  const branches = dimensions.map(
    (dimension, index) => `{{ ${index === 0 ? 'if' : 'else if'} eq ${variable} "${dimension}" }}${ADVICE[dimension]}`,
  );
  return `${branches.join('')}{{ else }}${FALLBACK}{{ end }}`;
}

/** The sum of `count` successive five-minute increases of a recorded series; a younger series has fewer. */
export function pieces(recorded: string, count: number): string {
  const earlier = Array.from(
    { length: count - 1 },
    (_, index) => ` + (${recorded} offset ${5 * (index + 1)}m or 0 * ${recorded})`,
  );
  return `(${recorded}${earlier.join('')})`;
}

/** 0.25 -> "25%", 0.005 -> "0.5%". */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(6))}%`;
}
