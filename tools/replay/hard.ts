import { parseArgs } from 'node:util';
import { HARD_WEEKS } from './hard-weeks.ts';
import { ODD_WEEKS } from './odd-weeks.ts';
import { replay } from './replay.ts';
import { judgeWeek, when } from './report.ts';
import { WEEK } from './week.ts';

const ALL = [...HARD_WEEKS, ...ODD_WEEKS];

const HELP = `Usage: node tools/replay/hard.ts [--seed <n>] [--only <id>]

Replays times without a fault but with much that is unusual: hardly any traffic, a great deal, restarting fleets,
lost scrapes. Nothing may page, and a week may have three tickets. Ids: ${ALL.map(({ id }) => id).join(', ')}.
`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(HELP);
else {
  const seed = Number(values.seed);
  console.log('| what is unusual | days | pages | tickets | which |\n| --- | --- | --- | --- | --- |');
  for (const week of ALL.filter(({ id }) => values.only === undefined || values.only === id)) {
    const services = week.services(seed);
    const up = (at: number): boolean => week.prometheusUp?.(at, seed) ?? true;
    const { sent } = await replay(services, { from: 0, to: week.to }, seed, up);
    const { pages, tickets, good } = judgeWeek(services, sent, week.tickets ?? Math.ceil((3 * week.to) / WEEK));
    const which = [...pages, ...tickets].map(
      ({ labels, at }) =>
        `${labels['alertname']!.replace('Tidegate', '')} of ${labels['job'] ?? 'all jobs'} ${when(at)}`,
    );
    const days = Number((week.to / 86_400).toFixed(1));
    console.log(`| ${week.what} | ${days} | ${pages.length} | ${tickets.length} | ${which.join(', ')} |`);
    if (!good) process.exitCode = 1;
  }
}
