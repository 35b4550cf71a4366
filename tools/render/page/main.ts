import { barGauge, heatmap, stateTimeline, timeSeries } from './charts.ts';
import { allPanels, type Dashboard, type Panel } from './dashboard.ts';
import { load, type Named, valuesOf, type View } from './data.ts';
import { asPattern, repeatRows } from './repeat.ts';
import { stat, table } from './texts.ts';

/** Read by the driver once `document.body.dataset.state` is `done`. */
export interface Report {
  readonly panels: number;
  readonly empty: readonly string[];
  readonly failed: readonly string[];
}

const view = (await (await fetch('/view.json')).json()) as View;
const name = new URLSearchParams(location.search).get('dashboard') ?? 'overview';
const dashboard = (await (await fetch(`/dashboards/${encodeURIComponent(name)}.json`)).json()) as Dashboard;

document.title = dashboard.title;
document.querySelector('h1')!.textContent = dashboard.title;
const grid = document.querySelector<HTMLElement>('main')!;
const filled = new Set<string>();
const empty = new Set<string>();
const failed: string[] = [];
const repeated = new Set(dashboard.panels.flatMap(({ repeat }) => repeat ?? []));
const values = new Map<'model', string[]>();
for (const variable of repeated) values.set(variable, await valuesOf(dashboard, variable, view));
const panels = repeatRows(allPanels(dashboard), (variable) => values.get(variable)!);
await Promise.all(
  panels.map(async ({ panel, chosen }) => {
    const element = place(panel);
    if (panel.type === 'row') return;
    try {
      const variables = chosen && { ...view.variables, [chosen.variable]: asPattern(chosen.value) };
      const series = await load(panel, variables ? { ...view, variables } : view);
      (series.some(({ values }) => values.length > 0) ? filled : empty).add(panel.title);
      fill(element, panel, series);
    } catch (error) {
      failed.push(`${panel.title}: ${(error as Error).message}`);
      element.textContent = String(error);
    }
  }),
);
document.body.dataset['report'] = JSON.stringify({
  panels: panels.length,
  // A repeated panel may have no data for one model.
  empty: [...empty].filter((title) => !filled.has(title)),
  failed,
} satisfies Report);
document.body.dataset['state'] = 'done';

/** @returns the element for the panel's content */
function place({ gridPos: { x, y, w, h }, title, type }: Panel): HTMLElement {
  const box = document.createElement('section');
  box.className = type;
  box.style.gridArea = `${y + 1} / ${x + 1} / span ${h} / span ${w}`;
  box.append(Object.assign(document.createElement('h2'), { textContent: title }));
  const content = document.createElement('div');
  box.append(content);
  grid.append(box);
  return content;
}

function fill(element: HTMLElement, panel: Panel, series: readonly Named[]): void {
  const drawable = series.length > 0 || panel.type === 'stat';
  if (!drawable) {
    element.className = 'value quiet';
    element.textContent = panel.fieldConfig?.defaults.noValue ?? 'no data';
    return;
  }
  switch (panel.type) {
    case 'stat':
      return stat(element, panel, series);
    case 'table':
      return table(element, panel, series);
    case 'timeseries':
      return timeSeries(element, panel, series, view);
    case 'bargauge':
      return barGauge(element, panel, series);
    case 'heatmap':
      return heatmap(element, panel, series, view);
    case 'state-timeline':
      return stateTimeline(element, panel, series, view);
    case 'row':
      return;
  }
}
