import { duration, number } from '../amounts.ts';
import type { Advised } from './report-text.ts';
import type { RecordSummary } from './summarize.ts';
import type { WhatIf } from './what-if.ts';

interface Page extends Omit<RecordSummary, 'limits'> {
  readonly limits: readonly Advised[];
  readonly whatIfs: readonly WhatIf[];
}

/** No external resources and no scripts: the page works offline, and its content cannot run. */
const HEAD = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Limit hits</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
svg { max-width: 100%; height: auto; } figure { margin: 1rem 0; overflow-x: auto; }
figcaption { opacity: .75; font-size: .9em; }
table { border-collapse: collapse; } th, td { padding: .25rem 1rem .25rem 0; text-align: right; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; }
</style>
`;

/** The report as one page: charts as SVG, no scripts, no external resources. */
export async function reportHtml({ limits, pools, skipped, whatIfs }: Page): Promise<string> {
  const { drawCharts } = await import('./charts.ts');
  const calls = pools.reduce((sum, each) => sum + each.calls, 0);
  const hits = limits.reduce((sum, each) => sum + each.hits, 0);
  const charts = drawCharts(limits, pools);
  const figure = (svg: string | undefined, caption: string): string =>
    svg === undefined ? '' : `<figure>${svg}<figcaption>${escape(caption)}</figcaption></figure>`;
  return [
    HEAD,
    `<h1>Limit hits</h1>`,
    `<p>${number(hits)} hits of ${limits.length === 1 ? 'one limit' : `${limits.length} limits`}${calls > 0 ? `, ${number(calls)} calls` : ''}. Times are UTC.</p>`,
    limits.length === 0 ? '<p>No limit was hit.</p>' : limitTable(limits),
    figure(charts.overTime, 'Hits by the hour'),
    figure(charts.week, 'Hits by the hour of the week'),
    ...limits.map(
      ({ pool, dimension, advice }) =>
        `<h2>${escape(pool)}, ${escape(dimension.replaceAll('_', ' '))}</h2>` +
        `<ul>${advice.map((line) => `<li>${escape(line)}</li>`).join('')}</ul>`,
    ),
    ...charts.pools.map(
      ({ pool, svgs }) =>
        `<h2>What ${escape(pool)} took</h2>${svgs.map(({ svg, caption }) => figure(svg, caption)).join('')}`,
    ),
    ...whatIfs.map(whatIfTable),
    skipped > 0 ? `<p>${number(skipped)} lines do not belong to a record and were skipped.</p>` : '',
    '</html>\n',
  ].join('\n');
}

function limitTable(limits: readonly Advised[]): string {
  const rows = limits.map(({ pool, dimension, hits, givenUp, waitedMs, longestWaitMs, limit, over }) => [
    `${pool}, ${dimension.replaceAll('_', ' ')}`,
    limit === null ? '' : number(limit),
    number(hits),
    number(givenUp),
    over ? number(Math.round(over.mean)) : '',
    duration(waitedMs / 1000),
    duration(longestWaitMs / 1000),
  ]);
  return table(['limit', 'it is', 'hits', 'given up', 'over by', 'waited', 'longest wait'], rows);
}

function whatIfTable({ pool, change, recorded, before, after }: WhatIf): string {
  const seconds = (ms: number): string => duration(ms / 1000);
  return (
    `<h2>${escape(pool)}, with ${escape(change)}</h2>` +
    table(
      ['', 'before', 'after'],
      [
        ['in all', seconds(before.tookMs), seconds(after.tookMs)],
        ['wait, mean', seconds(before.meanWaitMs), seconds(after.meanWaitMs)],
        ['wait, 95 %', seconds(before.p95WaitMs), seconds(after.p95WaitMs)],
        ['refusals', number(before.refusals), number(after.refusals)],
        ['given up', number(before.calls - before.succeeded), number(after.calls - after.succeeded)],
      ],
    ) +
    `<p>${number(before.calls)} calls, which took ${seconds(recorded.tookMs)} with ${number(recorded.refusals)} refusals.</p>`
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (values: readonly string[], tag: string): string =>
    `<tr>${values.map((value) => `<${tag}>${escape(value)}</${tag}>`).join('')}</tr>`;
  return `<table>${cells(head, 'th')}${rows.map((each) => cells(each, 'td')).join('')}</table>`;
}

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPED[character]!);
}
