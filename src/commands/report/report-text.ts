import { duration, number } from '../amounts.ts';
import { harmless } from '../harmless.ts';
import type { LimitSummary, RecordSummary } from './summarize.ts';

export type Advised = LimitSummary & { readonly advice: readonly string[] };

const SHADES = [' ', '░', '▒', '▓', '█'];

export function reportText({
  limits,
  pools,
  skipped,
}: RecordSummary & { readonly limits: readonly Advised[] }): string {
  const calls = pools.reduce((sum, each) => sum + each.calls, 0);
  const blocks = limits.map(limitText);
  if (blocks.length === 0) blocks.push('No limit was hit.');
  if (calls > 0) blocks.push(`${number(calls)} calls in total.`);
  if (skipped > 0) blocks.push(`${number(skipped)} lines do not belong to a record and were skipped.`);
  return blocks.join('\n\n');
}

function limitText(limit: Advised): string {
  const { pool, dimension, hits, givenUp, waitedMs, longestWaitMs, first, last, byModel, over } = limit;
  const waits =
    waitedMs > 0 ? `; waited ${duration(waitedMs / 1000)} in total, ${duration(longestWaitMs / 1000)} at most` : '';
  const models = Object.entries(byModel)
    .sort(([, a], [, b]) => b - a)
    .map(([model, count]) => `${model} (${number(count)})`);
  return [
    `${pool}, ${dimension.replaceAll('_', ' ')}: ${number(hits)} hits, ${number(givenUp)} calls given up${waits}`,
    `  from ${first} to ${last}`,
    ...(over ? [`  over the limit by ${number(Math.round(over.mean))} on average, ${number(over.most)} at most`] : []),
    `  models: ${models.join(', ')}`,
    ...heatMap(limit).map((line) => `  ${line}`),
    ...limit.advice.map((line) => `  ${line}`),
  ]
    .map(harmless)
    .join('\n');
}

const HOURS = '00    03    06    09    12    15    18    21    24';
const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const DAY_MS = 86_400_000;

/**
 * A shade for each hour of the day, by day of the week if the hits span several days: darkest for the hour with the most
 * hits, none for an hour without.
 */
function heatMap({ byHour, byWeekHour, first, last }: LimitSummary): string[] {
  if (Math.floor(Date.parse(first) / DAY_MS) === Math.floor(Date.parse(last) / DAY_MS)) {
    return [HOURS, shades(byHour, Math.max(...byHour))];
  }
  const most = Math.max(...byWeekHour);
  const rows = DAYS.map((day, at) => `${day} ${shades(byWeekHour.slice(at * 24, at * 24 + 24), most)}`);
  return [`    ${HOURS}`, ...rows];
}

function shades(hits: readonly number[], most: number): string {
  return hits.map((count) => SHADES[Math.ceil((count / most) * (SHADES.length - 1))]!.repeat(2)).join('');
}
