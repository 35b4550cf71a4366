import type { Contestant } from './contestants.ts';
import type { Row } from './row.ts';
import type { Scenario } from './http-scenarios.ts';

/** With event loops this late at their 99th percentile, the machine is measured and not the contestant. */
const BUSY_MS = 250;

/** One table per scenario, in Markdown. */
export function markdown(
  rows: readonly Row[],
  scenarios: readonly Scenario[],
  contestants: readonly Contestant[],
): string {
  const blocks = scenarios.map(({ name, words, target }) => {
    const of = rows.filter(({ scenario }) => scenario === name);
    const people = of.some(({ interactiveP99Ms }) => interactiveP99Ms !== undefined);
    const head = [
      'contestant',
      'succeeded',
      'wall / bound',
      'wasted',
      'p50',
      'p99',
      'peak/s',
      ...(people ? ['people p99'] : []),
    ];
    const lines = of.map((row) => [
      `${contestants.find((each) => each.name === row.contestant)!.words}${isBusy(row) ? ' †' : ''}`,
      percent(row.succeeded / row.calls),
      `${row.unfinished > 0 ? '> ' : ''}${row.ratio.toFixed(2)}`,
      percent(row.waste),
      seconds(row.p50Ms),
      seconds(row.p99Ms),
      String(row.peakPerSecond),
      ...(people ? [seconds(row.interactiveP99Ms ?? 0)] : []),
    ]);
    const bound = seconds(of[0]?.boundMs ?? 0);
    const aim = `target ${target.ratio.toFixed(2)}, ${percent(target.waste)} wasted`;
    return `### ${words}\n\n${of[0]?.calls ?? 0} calls, lower bound ${bound}, ${aim}\n\n${table(head, lines)}`;
  });
  const busy = rows.filter(isBusy).length;
  const note = `† The machine was busy: timers were more than ${BUSY_MS} ms late in ${busy} of ${rows.length} runs.`;
  return [...blocks, ...(busy > 0 ? [note] : [])].join('\n\n');
}

function isBusy(row: Row): boolean {
  return Math.max(row.workerLoopDelayMs, row.simulatorLoopDelayMs) > BUSY_MS;
}

/** Targets that tidegate missed; nothing is left out. */
export function missedTargets(rows: readonly Row[], scenarios: readonly Scenario[]): string {
  const own = rows.filter(({ contestant }) => contestant === 'tidegate');
  if (own.length === 0) return '';
  const missed = own.filter(({ misses }) => misses.length > 0);
  const lines = missed.map(
    ({ scenario, misses }) => `- ${scenarios.find(({ name }) => name === scenario)!.words}: ${misses.join('; ')}`,
  );
  return [`\ntidegate reaches its targets in ${own.length - missed.length} of ${own.length} scenarios.`, ...lines].join(
    '\n',
  );
}

/** Progress, for the person who watches. */
export function oneLine(row: Row): string {
  const failed = Object.entries(row.failed).map(([kind, count]) => `${count} ${kind}`);
  return [
    `${row.scenario} ${row.contestant}:`.padEnd(46),
    percent(row.succeeded / row.calls).padStart(6),
    row.ratio.toFixed(3).padStart(7),
    percent(row.waste).padStart(7),
    `429 ${percent(row.throttled)}`.padStart(11),
    `late ${row.workerLoopDelayMs.toFixed(0)}/${row.simulatorLoopDelayMs.toFixed(0)} ms`,
    ...(row.unfinished > 0 ? [`${row.unfinished} unfinished`] : []),
    ...failed,
  ].join(' ');
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [row(head), row(rule), ...lines.map(row)].join('\n');
}

function percent(share: number): string {
  const value = 100 * share;
  // 99.96 % is not everything.
  const cut = value > 99 && value < 100 ? Math.floor(value * 10) / 10 : value;
  return `${cut.toFixed(Number.isInteger(cut) ? 0 : 1)} %`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
