import { afterAll, beforeAll, expect, test } from 'vitest';
import { bandsOf, fit, stackable, totals } from '../../tools/render/page/arrange.ts';
import type { Named, View } from '../../tools/render/page/data.ts';
import { type RenderServer, serveDashboards } from '../../tools/render/server.ts';
import { stepOf } from '../../tools/render/page/data.ts';
import { allPanels, type Dashboard, type Panel } from '../../tools/render/page/dashboard.ts';
import { asPattern, queryOf, repeatRows } from '../../tools/render/page/repeat.ts';

const VIEW: View = {
  prometheus: 'http://127.0.0.1:9090',
  from: 1_000,
  to: 4_600,
  timeScale: 1,
  scrapeSeconds: 15,
  variables: {},
};

let server: RenderServer;
const warnings: Error[] = [];
const onWarning = (warning: Error): void => void warnings.push(warning);

beforeAll(async () => {
  process.on('warning', onWarning);
  server = await serveDashboards(() => VIEW);
});
afterAll(async () => {
  process.off('warning', onWarning);
  await server.close();
});

const get = (path: string): Promise<Response> => fetch(server.url + path);

test('serves the page, its settings and the committed dashboards', async () => {
  expect(await (await get('/')).text()).toContain('/tools/render/page/main.ts');
  expect(await (await get('/view.json')).json()).toEqual(VIEW);
  for (const name of ['overview', 'provider', 'slo', 'work', 'gen-ai']) {
    expect(await (await get(`/dashboards/${name}.json`)).json()).toMatchObject({ uid: `tidegate-${name}` });
  }
  expect((await get('/echarts.js')).headers.get('content-type')).toContain('text/javascript');
});

test('serves every module of the page as JavaScript, without a warning', async () => {
  const modules = new Set(['/tools/render/page/main.ts']);
  // Iterating a Set includes what is added meanwhile.
  for (const path of modules) {
    const response = await get(path);
    expect([path, response.status]).toEqual([path, 200]);
    const code = await response.text();
    expect(code).not.toMatch(/^import type|^(export )?interface/m);
    for (const [, imported] of code.matchAll(/ from '([^']+)'/g))
      modules.add(new URL(imported!, `http://a${path}`).pathname);
  }
  expect(modules.size).toBeGreaterThan(5);
  expect(warnings).toEqual([]);
});

test.each(['/package.json', '/tools/%2e%2e/package.json', '/dashboards/none.json', '/tools/render/none.ts'])(
  'returns 404 for %s',
  async (path) => {
    expect((await get(path)).status).toBe(404);
  },
);

test('draws no more points than there are pixels, and none between scrapes', () => {
  expect(stepOf(VIEW)).toBe(15);
  expect(stepOf({ ...VIEW, to: VIEW.from + 24_000 })).toBe(100);
});

const named = (metric: Named['metric'], values: Named['values']): Named => ({
  target: { refId: 'A', expr: 'up', legendFormat: '' },
  name: 'up',
  metric,
  values,
});

test('splits cumulative buckets into bands, the last one on top', () => {
  const { bands, times, cells } = bandsOf([
    named({ le: '+Inf' }, [
      [10, 7],
      [20, 1],
    ]),
    named({ le: '10' }, [
      [10, 5],
      [20, 1],
    ]),
    named({ le: '2.5' }, [
      [10, 5],
      [20, 0],
    ]),
  ]);
  expect(bands).toEqual([2.5, 10, Infinity]);
  expect(times).toEqual([10, 20]);
  expect(cells).toEqual([
    [0, 0, 5],
    [1, 1, 1],
    [0, 2, 2],
  ]);
});

test('stacks layers at equal times', () => {
  const late = named({}, [
    [20, 1],
    [30, 3],
  ]);
  const sums = totals([
    late,
    named({}, [
      [10, 2],
      [20, 3],
      [30, Number.NaN],
    ]),
  ]);
  expect(stackable(late.values, sums, false)).toEqual([
    [10_000, 0],
    [20_000, 1],
    [30_000, 3],
  ]);
  expect(stackable(late.values, sums, true).map(([, share]) => share)).toEqual([0, 0.25, 1]);
});

test('limits a legend to the names that fit its rows', () => {
  expect(fit(['a', 'a', 'b'], 400)).toEqual({ names: ['a', 'b'], rows: 1 });
  const long = Array.from({ length: 9 }, (_, index) => `a rather long name ${index}`);
  expect(fit(long, 400)).toEqual({ names: long.slice(0, 4), rows: 2 });
  expect(fit(long, 10)).toEqual({ names: long.slice(0, 2), rows: 2 });
});

test('a repeated row is drawn once for each model, the others below it, and every variable is replaced', async () => {
  const board = (await (await get('/dashboards/provider.json')).json()) as Dashboard;
  const after = { type: 'row', title: 'After', gridPos: { x: 0, y: 1_000, w: 24, h: 1 } } as const;
  const panels: readonly Panel[] = [...allPanels(board), after];
  const [row, repeatedAt] = [panels.find(({ repeat }) => repeat)!, panels.findIndex(({ repeat }) => repeat)];
  const drawn = repeatRows(panels, () => ['gpt-5.1', 'o4']);
  const copies = drawn.filter(({ chosen }) => chosen);
  expect(copies).toHaveLength(2 * (panels.length - 1 - repeatedAt));
  expect(copies.filter(({ panel }) => panel.type === 'row').map(({ panel }) => panel.title)).toEqual(['gpt-5.1', 'o4']);
  expect(drawn.filter(({ panel }) => panel.title.includes('$'))).toEqual([]);
  const top = (model: string): number =>
    Math.min(...copies.flatMap(({ panel, chosen }) => (chosen!.value === model ? panel.gridPos.y : [])));
  const bottom = (model: string): number =>
    Math.max(
      ...copies.flatMap(({ panel: { gridPos }, chosen }) => (chosen!.value === model ? gridPos.y + gridPos.h : [])),
    );
  expect([top('gpt-5.1'), top('o4')]).toEqual([row.gridPos.y, bottom('gpt-5.1')]);
  expect(drawn.at(-1)!.panel.gridPos.y - after.gridPos.y).toBe(bottom('o4') - bottom('gpt-5.1'));
  expect(queryOf(board, 'model')).toMatchObject({ label: 'gen_ai_request_model' });
  expect(queryOf(board, 'none')).toBeUndefined();
});

test('a repeated row without values is not drawn', () => {
  const gridPos = { x: 0, y: 0, w: 24, h: 1 };
  const row = { type: 'row', title: '$model', repeat: 'model', gridPos } as const;
  expect(repeatRows([row, { type: 'stat', title: 'One', gridPos }], () => [])).toEqual([]);
});

test('a value is escaped in matchers', () => {
  expect(asPattern('gpt-5.1')).toBe(String.raw`gpt-5\\.1`);
});
