import type { ContentDimension } from '../core/content-kinds.ts';
import type { Dimension } from '../core/dimensions.ts';

/** Numbers and limits in words, the same on the server and on the page. */

export const number = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 0 });

export const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** `8 s`, `3 min`, `2 h 5 min`. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds < 0.05 ? 0 : Number(seconds.toFixed(1))} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h${minutes % 60 > 0 ? ` ${minutes % 60} min` : ''}` : `${Math.floor(hours / 24)} days`;
}

/** `0`, `0.4`, `12`. */
export function rate(value: number): string {
  if (value === 0) return '0';
  return value < 10 ? String(Number(value.toPrecision(2))) : number(value);
}

/** Cents; amounts below one cent to two digits. */
export function usd(amount: number): string {
  return amount >= 0.1 || amount === 0 ? `$${amount.toFixed(2)}` : `$${Number(amount.toPrecision(2))}`;
}

/** `12.5k`, `3M`. */
export function short(value: number): string {
  if (value < 10_000) return number(value);
  const [scaled, unit] = value < 1_000_000 ? [value / 1000, 'k'] : [value / 1_000_000, 'M'];
  return `${scaled < 100 ? Number(scaled.toFixed(1)) : Math.round(scaled)}${unit}`;
}

/** Others are clear enough from their own name. */
type Named = Exclude<Dimension, ContentDimension> | 'overloaded' | 'no_capacity';

const NOUNS: Readonly<Record<Named, string>> = {
  requests: 'requests per minute',
  tokens: 'tokens per minute',
  project_tokens: "the project's tokens per minute",
  input_tokens: 'input tokens per minute',
  output_tokens: 'output tokens per minute',
  requests_day: 'requests per day',
  tokens_day: 'tokens per day',
  concurrency: 'calls at once',
  acceleration: 'growth of traffic',
  quota: 'credit or spend limit',
  unknown: 'a limit that was not named',
  overloaded: 'provider overloaded',
  no_capacity: 'no capacity at this tier',
};

/** Display name of a dimension or a reason. */
export const noun = (dimension: string): string =>
  (NOUNS as Readonly<Record<string, string>>)[dimension] ?? dimension.replaceAll('_', ' ');
