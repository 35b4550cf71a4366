import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { Contestant } from './contestants.ts';
import type { Row } from './row.ts';
import type { Scenario } from './http-scenarios.ts';

/** Two charts side by side, as SVG: how many calls succeeded, and how many attempts were wasted. */
export async function plot(
  rows: readonly Row[],
  scenarios: readonly Scenario[],
  contestants: readonly Contestant[],
): Promise<string> {
  const values = rows.map((row) => ({
    scenario: scenarios.find(({ name }) => name === row.scenario)!.words,
    contestant: contestants.find(({ name }) => name === row.contestant)!.words,
    lost: 1 - row.succeeded / row.calls,
    ratio: row.ratio,
    waste: row.waste,
  }));
  const spec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    data: { values },
    background: 'white',
    config: { axis: { labelFontSize: 11 }, text: { fontSize: 9.5 } },
    spacing: 16,
    hconcat: [
      heatmap('Calls lost', 'lost', '.0%', 0.5, scenarios, contestants, true),
      heatmap('Wall time over the lower bound', 'ratio', '.2f', 3, scenarios, contestants, false),
      heatmap('Attempts wasted', 'waste', '.0%', 0.6, scenarios, contestants, false),
    ],
    resolve: { scale: { color: 'independent' } },
  };
  const view = new View(parse(compile(spec as TopLevelSpec).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}

/** By default Vega truncates labels at 180 pixels. */
const NO_LIMIT = 0;

type Cell = 'lost' | 'ratio' | 'waste';

/** Good is pale, bad is dark; everything beyond `worst` is equally dark. */
function heatmap(
  title: string,
  field: Cell,
  format: string,
  worst: number,
  scenarios: readonly Scenario[],
  contestants: readonly Contestant[],
  labels: boolean,
): object {
  const best = field === 'ratio' ? 1 : 0;
  const x = { field: 'contestant', type: 'nominal', sort: contestants.map(({ words }) => words), title: null };
  const y = { field: 'scenario', type: 'nominal', sort: scenarios.map(({ words }) => words), title: null };
  return {
    title,
    width: { step: 34 },
    height: { step: 19 },
    encoding: {
      x: { ...x, axis: { labelAngle: -50, orient: 'bottom', labelLimit: NO_LIMIT } },
      y: { ...y, axis: labels ? { labelLimit: NO_LIMIT } : null },
    },
    layer: [
      {
        mark: 'rect',
        encoding: {
          color: {
            field,
            type: 'quantitative',
            scale: { domain: [best, worst], clamp: true, scheme: 'oranges' },
            legend: null,
          },
        },
      },
      {
        mark: 'text',
        encoding: {
          text: { field, type: 'quantitative', format },
          color: { condition: { test: `datum.${field} > ${(best + worst) / 2}`, value: 'white' }, value: 'black' },
        },
      },
    ],
  };
}
