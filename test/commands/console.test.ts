import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ConsoleState, Update } from '../../src/console/state.ts';
import { dispatch } from '../../src/commands/dispatch.ts';
import { withWorkload } from '../ops/workload.ts';
import { FakeIo } from './fake-io.ts';

afterEach(() => void vi.unstubAllEnvs());

const NOWHERE = 'http://127.0.0.1:5/metrics';

test('serves the page of a real endpoint until it is stopped', async () => {
  await withWorkload(async ({ url, call }) => {
    await call();
    const io = new FakeIo();
    const listening = io.line(/at (http:\S+)$/);
    const ended = dispatch(['console', '--metrics', url, '--metrics', NOWHERE, '--port', '0'], io, '1');
    const page = (await listening)[1]!;
    expect(page).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    expect(await (await fetch(page)).text()).toContain('<title>tidegate console</title>');
    const { state } = (await (await fetch(`${page}state`)).json()) as Update;
    expect(state.sources).toEqual([
      { name: url, kind: 'metrics' },
      { name: NOWHERE, kind: 'metrics', problem: 'ECONNREFUSED' },
    ]);
    expect(state.lanes).toMatchObject([{ provider: 'openai', group: 'gpt-4o-mini', source: url }]);
    io.stop();
    expect(await ended).toBe(0);
    await expect(fetch(page)).rejects.toThrow('fetch failed');
    expect(io.errLines).toEqual([]);
  });
});

describe('--json', () => {
  test('prints once what the page would show', async () => {
    await withWorkload(async ({ url, call }) => {
      const io = new FakeIo();
      const ended = dispatch(['console', '--json', '--metrics', url], io, '1');
      await call();
      expect(await ended).toBe(0);
      const state = JSON.parse(io.outLines.join('')) as ConsoleState;
      expect(state).toMatchObject({
        verdict: { condition: expect.any(String) as string },
        lanes: [{ provider: 'openai' }],
      });
    });
  });

  test('fails if nothing can be read, and says why', async () => {
    const io = new FakeIo();
    expect(await dispatch(['console', '--json', '--metrics', NOWHERE], io, '1')).toBe(1);
    expect(io.errLines).toEqual([`Cannot read ${NOWHERE}: ECONNREFUSED`]);
    expect(JSON.parse(io.outLines[0]!)).toMatchObject({ verdict: { condition: 'unreachable' } });
  });
});

test('reports a port that is taken', async () => {
  const first = new FakeIo();
  const listening = first.line(/at http:\/\/127\.0\.0\.1:(\d+)/);
  const ended = dispatch(['console', '--port', '0', '--metrics', NOWHERE], first, '1');
  const [, port] = await listening;
  const io = new FakeIo();
  expect(await dispatch(['console', '--port', port!, '--metrics', NOWHERE], io, '1')).toBe(1);
  expect(io.errLines.join()).toMatch(new RegExp(`^Port ${port} of 127.0.0.1 is in use. Choose another --port`));
  first.stop();
  expect(await ended).toBe(0);
});

test.each([
  [['--metrics', 'nowhere'], '--metrics'],
  [['--alertmanager', 'ftp://a'], '--alertmanager'],
  [['--port', '70000'], '--port'],
  [['--host', '0.0.0.0'], 'TIDEGATE_CONSOLE_TOKEN'],
  [['http://127.0.0.1/metrics'], 'Too many arguments'],
  [['--none'], '--none'],
])('refuses %j with code 2', async (args, named) => {
  const io = new FakeIo();
  expect(await dispatch(['console', ...args], io, '1')).toBe(2);
  expect(io.errLines.join('\n')).toContain(named);
});

test('requires the token, and shows it nowhere', async () => {
  const token = 'sk-live-0123456789abcdef';
  vi.stubEnv('TIDEGATE_CONSOLE_TOKEN', token);
  const io = new FakeIo();
  const listening = io.line(/at (http:\S+)$/);
  const ended = dispatch(['console', '--host', '0.0.0.0', '--port', '0', '--metrics', NOWHERE], io, '1');
  const page = (await listening)[1]!;
  expect((await fetch(page)).status).toBe(401);
  expect((await fetch(page, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  io.stop();
  await ended;
  expect([...io.outLines, ...io.errLines].join('\n')).not.toContain(token);
});
