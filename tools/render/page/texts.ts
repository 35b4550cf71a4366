import type { Panel } from './dashboard.ts';
import type { Named } from './data.ts';
import { format, stepColor } from './format.ts';

/** One large value, or the name of its series. */
export function stat(element: HTMLElement, panel: Panel, series: readonly Named[]): void {
  const { unit, thresholds, mappings, noValue = 'no data' } = panel.fieldConfig!.defaults;
  const last = series[0]?.values.findLast(([, value]) => Number.isFinite(value))?.[1];
  element.classList.add('value');
  if (last === undefined) {
    element.textContent = noValue;
    element.classList.add('quiet');
    return;
  }
  element.textContent =
    panel.options?.textMode === 'name' ? series[0]!.name : (mappings?.[0]?.options[last]?.text ?? format(last, unit));
  if (element.textContent.length > 12) element.classList.add('long');
  element.style.background = stepColor(last, thresholds?.steps);
}

type Cells = Readonly<Record<string, string | number>>;

/** The rows of all queries, joined by their labels, after the panel's transformations. */
export function table(element: HTMLElement, panel: Panel, series: readonly Named[]): void {
  const rows = join(series, (panel.targets ?? []).length > 1);
  const organize = panel.transformations?.find(({ id }) => id === 'organize')?.options ?? {};
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
    .filter((name) => !organize.excludeByName?.[name])
    .toSorted((a, b) => (organize.indexByName?.[a] ?? 99) - (organize.indexByName?.[b] ?? 99));
  const titles = names.map((name) => organize.renameByName?.[name] ?? name);
  const html = document.createElement('table');
  const head = html.createTHead().insertRow();
  for (const title of titles) head.append(Object.assign(document.createElement('th'), { textContent: title }));
  const body = html.createTBody();
  for (const row of rows) {
    const tr = body.insertRow();
    for (const [index, name] of names.entries()) {
      const value = row[name];
      tr.insertCell().textContent =
        typeof value === 'number' ? format(value, unitOf(panel, titles[index]!)) : (value ?? '');
    }
  }
  element.classList.add('scroll');
  element.append(html);
}

function join(series: readonly Named[], several: boolean): Cells[] {
  const rows = new Map<string, Record<string, string | number>>();
  for (const { metric, values, target } of series) {
    const { __name__: _, ...labels } = metric;
    const key = JSON.stringify(Object.entries(labels).toSorted());
    const row = rows.get(key) ?? { ...labels };
    row[several ? `Value #${target.refId}` : 'Value'] = values.at(-1)![1];
    rows.set(key, row);
  }
  return [...rows.values()];
}

function unitOf(panel: Panel, title: string): string {
  for (const { matcher, properties } of panel.fieldConfig?.overrides ?? []) {
    const unit = properties.find(({ id }) => id === 'unit')?.value;
    if (typeof unit === 'string' && new RegExp(matcher.options.slice(1, -1)).test(title)) return unit;
  }
  return panel.fieldConfig?.defaults.unit ?? 'short';
}
