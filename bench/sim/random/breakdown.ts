import { quantile } from '../../lib/quantile.ts';
import type { Case } from './case.ts';
import { times } from './report.ts';
import type { CaseResult } from './run-case.ts';

/** The features of a case, one word for each dimension worth comparing. */
const DIMENSIONS: Readonly<Record<string, (each: Case) => string>> = {
  dialect: ({ provider }) => provider.dialect,
  limit: ({ provider }) => provider.limits[0]!.kind,
  window: ({ provider }) => {
    const longest = Math.max(...provider.limits.map(({ windowMs }) => windowMs));
    return longest >= 60_000 ? 'a minute' : longest > 2_000 ? 'above 2 s' : 'up to 2 s';
  },
  headers: ({ provider }) => provider.headers,
  remaining: ({ provider: { headers, view } }) =>
    headers === 'none' ? '' : view.limit === 'bucket' ? 'bucket, and so limit' : view.remaining,
  reset: ({ provider: { headers, view, absoluteReset } }) =>
    headers === 'none' ? '' : absoluteReset ? 'absolute' : view.reset,
  'told too high': ({ provider }) => (provider.view.inflated > 1 ? 'limit' : provider.scope ? 'scope' : ''),
  late: ({ provider }) => (provider.late ? 'yes' : ''),
  rounded: ({ provider }) => (provider.view.roundTo > 1 ? 'yes' : ''),
  'retry-after': ({ provider }) => provider.retryAfter,
  texts: ({ provider }) => provider.texts,
  counted: ({ provider }) => (provider.countsAtEnd ? 'at end' : provider.countsRefused ? 'refused too' : ''),
  concurrency: ({ provider }) => (provider.maxConcurrent === undefined ? '' : 'limited'),
  neighbour: ({ provider }) => (provider.neighbour === undefined ? '' : 'yes'),
  faults: ({ provider: { errors, throttles } }) =>
    [errors === undefined ? '' : '5xx', throttles === undefined ? '' : '429'].filter((word) => word !== '').join(', '),
  wrong: ({ provider: { wrong } }) =>
    wrong ? (wrong.kind === 'headers' ? `headers ${wrong.show}` : `${wrong.kind} ${wrong.says}`) : '',
  disturbance: ({ provider }) => (provider.change ? 'limits' : provider.outage ? 'outage' : ''),
  processes: ({ processes = 1 }) => String(processes),
};

/** For every dimension, the results of the cases by their feature. */
export function breakdown(results: readonly CaseResult[]): string {
  const lines = [
    `${''.padEnd(36)}${'cases'.padStart(6)}${'median'.padStart(9)}${'p95'.padStart(9)}${'waste p95'.padStart(11)}${'slow'.padStart(6)}${'lost'.padStart(6)}`,
  ];
  for (const [dimension, wordOf] of Object.entries(DIMENSIONS)) {
    const groups = new Map<string, CaseResult[]>();
    for (const result of results) {
      const word = wordOf(result.case);
      groups.set(word, [...(groups.get(word) ?? []), result]);
    }
    for (const [word, group] of [...groups].toSorted(([a], [b]) => a.localeCompare(b))) {
      const ratios = group.map(({ ratio }) => ratio).toSorted((a, b) => a - b);
      const wastes = group.map(({ waste }) => waste).toSorted((a, b) => a - b);
      lines.push(
        `${`${dimension}: ${word === '' ? '-' : word}`.padEnd(36)}${String(group.length).padStart(6)}` +
          [quantile(ratios, 0.5), quantile(ratios, 0.95)].map((each) => times(each).padStart(9)).join('') +
          `${(100 * quantile(wastes, 0.95)).toFixed(1).padStart(9)} %` +
          String(group.filter(({ slowMs }) => slowMs > 5_000).length).padStart(6) +
          String(group.filter(({ lost }) => lost > 0).length).padStart(6),
      );
    }
  }
  return lines.join('\n');
}
