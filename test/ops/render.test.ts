import { afterAll, beforeAll, expect, test } from 'vitest';
import { bandsOf, fit, stackable, totals } from '../../tools/render/page/arrange.ts';
import type { Named, View } from '../../tools/render/page/data.ts';
import { type RenderServer, serveDashboards } from '../../tools/render/server.ts';
import { stepOf } from '../../tools/render/page/data.ts';

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

test('serves the page, what to show and the committed dashboards', async () => {
  expect(await (await get('/')).text()).toContain('/tools/render/page/main.ts');
  expect(await (await get('/view.json')).json()).toEqual(VIEW);
  for (const name of ['overview', 'provider', 'slo', 'work', 'gen-ai']) {
    expect(await (await get(`/dashboards/${name}.json`)).json()).toMatchObject({ uid: `tidegate-${name}` });
  }
  expect((await get('/echarts.js')).headers.get('content-type')).toContain('text/javascript');
});

test('serves every module of the page as JavaScript, without a warning', async () => {
  const modules = new Set(['/tools/render/page/main.ts']);
  // A Set takes what is added while it is read.
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
  'has nothing at %s',
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

test('cuts cumulative buckets into bands, the last one on top', () => {
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

test('lays each layer of a stack on the others of its time', () => {
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

test('gives a legend as many names as fit its rows', () => {
  expect(fit(['a', 'a', 'b'], 400)).toEqual({ names: ['a', 'b'], rows: 1 });
  const long = Array.from({ length: 9 }, (_, index) => `a rather long name ${index}`);
  expect(fit(long, 400)).toEqual({ names: long.slice(0, 4), rows: 2 });
  expect(fit(long, 10)).toEqual({ names: long.slice(0, 2), rows: 2 });
});
