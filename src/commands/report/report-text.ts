import { duration, number } from '../batch/progress-lines.ts';
import { harmless } from '../harmless.ts';
import type { LimitSummary, RecordSummary } from './summarize.ts';

type Advised = LimitSummary & { readonly advice: readonly string[] };

const SHADES = [' ', '░', '▒', '▓', '█'];

export function reportText({
  limits,
  pools,
  skipped,
}: RecordSummary & { readonly limits: readonly Advised[] }): string {
  const calls = pools.reduce((sum, each) => sum + each.calls, 0);
  const blocks = limits.map(limitText);
  if (blocks.length === 0) blocks.push('No limit was hit.');
  if (calls > 0) blocks.push(`${number(calls)} calls in all.`);
  if (skipped > 0) blocks.push(`${number(skipped)} lines are none of a record, and were skipped.`);
  return blocks.join('\n\n');
}

function limitText(limit: Advised): string {
  const { pool, dimension, hits, givenUp, waitedMs, longestWaitMs, first, last, byModel } = limit;
  const waits =
    waitedMs > 0 ? `; waited ${duration(waitedMs / 1000)} in all, ${duration(longestWaitMs / 1000)} at most` : '';
  const models = Object.entries(byModel)
    .sort(([, a], [, b]) => b - a)
    .map(([model, count]) => `${model} (${number(count)})`);
  return [
    `${pool}, ${dimension.replaceAll('_', ' ')}: ${number(hits)} hits, ${number(givenUp)} calls given up${waits}`,
    `  from ${first} to ${last}`,
    `  models: ${models.join(', ')}`,
    ...hours(limit.byHour).map((line) => `  ${line}`),
    ...limit.advice.map((line) => `  ${line}`),
  ]
    .map(harmless)
    .join('\n');
}

/** A shade an hour: the darkest for the one with most hits, none for one without. */
function hours(byHour: readonly number[]): string[] {
  const most = Math.max(...byHour);
  const cells = byHour.map((hits) => SHADES[Math.ceil((hits / most) * (SHADES.length - 1))]!.repeat(2));
  return ['00    03    06    09    12    15    18    21    24', cells.join('')];
}
