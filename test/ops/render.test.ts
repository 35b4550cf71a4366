import { afterAll, beforeAll, expect, test } from 'vitest';
import type { View } from '../../scripts/render/page/data.ts';
import { type RenderServer, serveDashboards } from '../../scripts/render/server.ts';
import { stepOf } from '../../scripts/render/page/data.ts';

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
  expect(await (await get('/')).text()).toContain('/scripts/render/page/main.ts');
  expect(await (await get('/view.json')).json()).toEqual(VIEW);
  for (const name of ['overview', 'provider', 'slo']) {
    expect(await (await get(`/dashboards/${name}.json`)).json()).toMatchObject({ uid: `tidegate-${name}` });
  }
  expect((await get('/echarts.js')).headers.get('content-type')).toContain('text/javascript');
});

test('serves every module of the page as JavaScript, without a warning', async () => {
  const modules = new Set(['/scripts/render/page/main.ts']);
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

test.each(['/package.json', '/scripts/%2e%2e/package.json', '/dashboards/none.json', '/scripts/render/none.ts'])(
  'has nothing at %s',
  async (path) => {
    expect((await get(path)).status).toBe(404);
  },
);

test('draws no more points than there are pixels, and none between scrapes', () => {
  expect(stepOf(VIEW)).toBe(15);
  expect(stepOf({ ...VIEW, to: VIEW.from + 24_000 })).toBe(100);
});
