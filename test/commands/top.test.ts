import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CommandIo, Screen } from '../../src/commands/command-io.ts';
import { dispatch } from '../../src/commands/dispatch.ts';
import { fleetLine, fleetState } from '../../src/commands/top/fleet-line.ts';
import { laneRows } from '../../src/commands/top/lane-rows.ts';
import { parseMetrics } from '../../src/commands/top/metrics-text.ts';
import { view } from '../../src/commands/top/view.ts';
import { withWorkload } from '../ops/workload.ts';
import { FakeIo } from './fake-io.ts';
import { until } from '../helpers/real-time.ts';

const all = (): boolean => true;
const page = (calls: number, waiting = 0): string => `# HELP x
# TYPE tidegate_calls_total counter
tidegate_calls_total{gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",tidegate_outcome="success"} ${calls}
tidegate_calls_total{gen_ai_provider_name="groq",gen_ai_request_model="llama",tidegate_outcome="success"} 7
tidegate_tokens_total{gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",tidegate_token_kind="input"} ${calls * 10}
tidegate_tokens_total{gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",tidegate_token_kind="cache_read"} ${calls * 5}
tidegate_limit_utilization_ratio{gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",tidegate_limit_dimension="requests"} 0.25
tidegate_limit_utilization_ratio{gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",tidegate_limit_dimension="tokens"} 0.75
tidegate_bulkhead_queued{gen_ai_provider_name="openai",tidegate_bulkhead="openai/gpt-4o"} ${waiting}
tidegate_bulkhead_active{gen_ai_provider_name="groq",tidegate_bulkhead="groq/llama"} 3
tidegate_circuit_state{gen_ai_provider_name="groq",tidegate_circuit="groq/llama",tidegate_circuit_state="open"} 1
tidegate_cost_total{gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",tidegate_cost_spent_on="answers"} ${calls / 100}
`;
const rowsOf = (before: string, now: string, seconds: number) =>
  laneRows({ atMs: 0, samples: parseMetrics(before, all) }, { atMs: seconds * 1000, samples: parseMetrics(now, all) });

describe('the lanes', () => {
  test('show rates between two readings, and the state at the second', () => {
    const rows = rowsOf(page(100), page(120, 9), 10);
    expect(rows.find(({ provider }) => provider === 'openai')).toEqual({
      provider: 'openai',
      model: 'gpt-4o',
      callsPerSecond: 2,
      tokensPerSecond: 20,
      retriesPerSecond: 0,
      refusalsPerSecond: 0,
      inFlight: 0,
      queued: 9,
      oldestWaitSeconds: 0,
      utilization: 0.75,
      binds: 'tokens',
      circuit: '',
      usdPerHour: expect.closeTo(72, 6),
      fleet: undefined,
    });
    expect(rows.find(({ provider }) => provider === 'groq')).toMatchObject({
      inFlight: 3,
      circuit: 'open',
      callsPerSecond: 0,
    });
  });

  test('of a restarted process', () => {
    expect(rowsOf(page(100), page(5), 10)[0]!.callsPerSecond).toBe(0.5);
  });

  test('as a table: sorted, filtered, and no longer than the screen', () => {
    const rows = rowsOf(page(100), page(120, 9), 10);
    const table = view(rows, { sort: 'used', filter: '', most: 9, columns: 200 });
    expect(table).toMatch(/lane +used +calls\/s/);
    expect(table).toMatch(/openai\/gpt-4o +█████████░░░ +75 % tokens +2\.0 +20 +0 +9/);
    expect(table.indexOf('openai')).toBeLessThan(table.indexOf('groq'));
    const byName = view(rows, { sort: 'name', filter: '', most: 9, columns: 200 });
    expect(byName.indexOf('groq')).toBeLessThan(byName.indexOf('openai'));
    expect(view(rows, { sort: 'used', filter: 'gro', most: 9, columns: 200 })).not.toContain('openai');
    expect(view(rows, { sort: 'used', filter: '', most: 1, columns: 200 })).toMatch(/openai[^]*and 1 more$/);
  });

  test('as a table without the columns that a narrow terminal has no room for', () => {
    const rows = rowsOf(page(100), page(120, 9), 10);
    const wide = view(rows, { sort: 'used', filter: '', most: 9, columns: 200 });
    for (const columns of [120, 100, 80, 60]) {
      const lines = view(rows, { sort: 'used', filter: '', most: 9, columns }).split('\n');
      expect(lines).toHaveLength(wide.split('\n').length);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
      expect(lines[0]).toMatch(/^lane +used .*queued .*circuit  USD\/h$|^lane +used .*queued +.*circuit$/);
    }
  });

  test('keep a label of any text (property)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.double({ noNaN: true }), (text, value) => {
        const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
        // The format is line-based: exporters escape line breaks.
        fc.pre(!/[\r\u2028\u2029]/.test(text));
        expect(parseMetrics(`a_b{x="${escaped}",y="}"} ${value}\nnot a line\n`, all)).toEqual([
          { name: 'a_b', labels: { x: text, y: '}' }, value: Number(String(value)) },
        ]);
      }),
    );
  });
});

const fleetPage = (count: number, errors: number, mode: string): string => `
tidegate_fleet_lanes{tidegate_fleet_mode="joining"} 0
tidegate_fleet_lanes{tidegate_fleet_mode="shared"} ${mode === 'shared' ? 2 : 1}
tidegate_fleet_lanes{tidegate_fleet_mode="alone"} ${mode === 'shared' ? 0 : 1}
tidegate_fleet_processes{gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o"} 4
tidegate_fleet_exchange_seconds_count ${count}
tidegate_fleet_exchange_seconds_sum ${count / 100}
tidegate_fleet_exchange_errors_total{tidegate_fleet_fault="timeout"} 7
tidegate_fleet_exchange_errors_total{tidegate_fleet_fault="out_of_memory"} ${errors}
`;

describe('a fleet', () => {
  const look = (atMs: number, text: string) => ({ atMs, samples: parseMetrics(text, all) });

  test("is shown: how lanes share, the store's latency, and its faults", () => {
    const [first, well, badly] = [
      look(0, fleetPage(100, 3, 'shared')),
      look(10_000, fleetPage(300, 3, 'shared')),
      look(20_000, fleetPage(300, 18, 'alone')),
    ];
    expect(fleetLine(fleetState(first, well!))).toBe('fleet: lanes 2 shared; store answers in 10.0 ms');
    expect(fleetLine(fleetState(well, badly!))).toBe('fleet: lanes 1 shared, 1 alone; fails: out of memory 1.5/s');
    expect(fleetLine(fleetState(undefined, first!))).toBe('fleet: lanes 2 shared');
    expect(fleetState(first, look(1, page(1)))).toBeUndefined();
    expect(fleetLine(undefined)).toBe('');
  });

  test("has a column: the processes that share a lane's limits", () => {
    const rows = rowsOf(page(1), page(2) + fleetPage(1, 0, 'shared'), 1);
    expect(rows.map(({ model, fleet }) => [model, fleet])).toEqual([
      ['gpt-4o', 4],
      ['llama', undefined],
    ]);
    const settings = { sort: 'name', filter: '', most: 9, columns: 200 } as const;
    expect(view(rows, settings)).toMatch(/circuit +fleet +USD\/h[^]*gpt-4o .* 4 +\$/);
    expect(view(rowsOf(page(1), page(2), 1), settings)).not.toContain('fleet');
  });
});

describe('the command', () => {
  test('prints rows of a real endpoint once, as a table or as JSON', async () => {
    await withWorkload(async ({ url, call }) => {
      await call();
      const plain = new FakeIo();
      expect(await dispatch(['top', url, '--once', '--interval', '0.1'], plain, '1')).toBe(0);
      expect(plain.outLines.join('\n')).toMatch(/^fleet: lanes 1 shared[^]*openai\/gpt-4o-mini/m);
      const data = new FakeIo();
      expect(await dispatch(['top', url, '--once', '--interval', '0.1', '--json'], data, '1')).toBe(0);
      const { lanes, fleet } = JSON.parse(data.outLines[0]!) as { lanes: object[]; fleet: object };
      expect(fleet).toMatchObject({ shared: 1, alone: 0 });
      expect(lanes).toContainEqual(
        expect.objectContaining({ provider: 'openai', model: 'gpt-4o-mini', circuit: 'closed' }),
      );
    });
  });

  test('is live on a terminal: sorts, filters, shows problems, and quits', async () => {
    await withWorkload(async ({ url, call }) => {
      await call();
      let press: (key: string) => void = () => undefined;
      let closed = 0;
      const drawn: string[] = [];
      const screen: CommandIo['screen'] = (onKey): Screen => {
        press = onKey;
        return { lines: 20, columns: 200, draw: (text) => void drawn.push(text), close: () => void closed++ };
      };
      const io = Object.assign(new FakeIo(), { screen });
      const ended = dispatch(['top', url, '--interval', '0.1'], io, '1');
      const shown = (pattern: RegExp): Promise<void> =>
        until(`the screen shows ${pattern}`, () => pattern.test(drawn.at(-1) ?? ''));
      await shown(/by used[^]*gpt-4o-mini/);
      press('s');
      await shown(/by calls/);
      for (const key of '/nobodyx') press(key);
      press('\u007F');
      await shown(/filter: nobody_$/);
      expect(drawn.at(-1)).not.toContain('gpt-4o-mini');
      press('\r');
      await shown(/of nobody/);
      press('q');
      expect([await ended, closed, io.outLines]).toEqual([0, 1, []]);
    });
  });

  test.each([
    [['http://127.0.0.1:1/metrics'], 1, /Cannot read http:\/\/127\.0\.0\.1:1\/metrics: /],
    [['ftp://x'], 2, /Expected an http or https URL/],
    [['--interval', '0'], 2, /--interval/],
    [['--sort', 'colour'], 2, /--sort to be one of used/],
  ])('%j exits with %i', async (args, code, said) => {
    const io = new FakeIo();
    expect(await dispatch(['top', ...args, '--once'], io, '1')).toBe(code);
    expect(io.errLines.join('\n')).toMatch(said);
  });
});
