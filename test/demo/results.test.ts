import Anthropic from '@anthropic-ai/sdk';
import { describe, expect, test } from 'vitest';
import { trafficOf } from '../../demo/meter.ts';
import type { PhaseResult, ProviderResult } from '../../demo/phase.ts';
import { percentile, runPhase, Tally } from '../../demo/phase.ts';
import { comparisonTable, limitTable, lossLines } from '../../demo/tables.ts';
import { startSimulator } from '../../src/testing.ts';

const throttled = (): Error =>
  Anthropic.APIError.generate(
    429,
    { type: 'error', error: { type: 'rate_limit_error', message: 'Number of requests has exceeded your rate limit' } },
    undefined,
    new Headers({
      'anthropic-ratelimit-requests-limit': '50',
      'anthropic-ratelimit-requests-remaining': '0',
      'retry-after': '1',
    }),
  );

test('percentile is by nearest rank', () => {
  const values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  expect([percentile(values, 0.5), percentile(values, 0.95), percentile([7], 0.5), percentile([], 0.5)]).toEqual([
    5,
    10,
    7,
    undefined,
  ]);
});

test('a tally counts successes, and losses by cause', async () => {
  const tally = new Tally('anthropic');
  await tally.add(() => Promise.resolve('spam'));
  for (let i = 0; i < 2; i++) await tally.add(() => Promise.reject(throttled()));
  await tally.add(() => Promise.reject(new Error('The answer is neither spam nor ham.')));
  const result = tally.result({ attempts: 9, refusals: {} });
  expect(result).toMatchObject({ calls: 4, succeeded: 1, failed: 3, labels: { spam: 1, ham: 0 } });
  expect(lossLines({ providers: [result], wallMs: 0 })).toEqual([
    expect.stringMatching(/^ {2}Anthropic: 2 × throttled \(requests\) - Slow down requests/),
    '  Anthropic: 1 × The answer is neither spam nor ham.',
  ]);
});

test('a phase sends every e-mail to every provider, all at once', async () => {
  let inFlight = 0;
  let peak = 0;
  const lane = (provider: 'openai' | 'groq') => ({
    provider,
    classify: async () => {
      peak = Math.max(peak, ++inFlight);
      await Promise.resolve();
      inFlight -= 1;
      return 'ham' as const;
    },
    traffic: () => ({ attempts: 3, refusals: {} }),
  });
  const done: string[] = [];
  const emails = ['a', 'b', 'c'].map((text) => ({ id: text, text }));
  const phase = await runPhase([lane('openai'), lane('groq')], emails, (provider) => done.push(provider));
  expect(peak).toBe(6);
  expect(phase.providers.map(({ provider, succeeded }) => [provider, succeeded])).toEqual([
    ['openai', 3],
    ['groq', 3],
  ]);
  expect(done.filter((provider) => provider === 'groq')).toHaveLength(3);
});

test('refusals are read from the simulator, whoever was refused', async () => {
  await using simulator = await startSimulator({ provider: 'groq', limits: { requestsPerMinute: 1 } });
  for (let i = 0; i < 3; i++) {
    await fetch(`${simulator.url}/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer any', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] }),
    }).then((response) => response.text());
  }
  expect(trafficOf(simulator.stats())).toEqual({ attempts: 3, refusals: { requests: 2 } });
});

describe('tables', () => {
  const result = (over: Partial<ProviderResult>): ProviderResult => ({
    provider: 'openai',
    calls: 10,
    succeeded: 4,
    failed: 6,
    durations: [100, 200, 300, 400],
    labels: { spam: 2, ham: 2 },
    losses: [],
    traffic: { attempts: 22, refusals: { requests: 18 } },
    ...over,
  });
  const bare: PhaseResult = { providers: [result({}), result({ provider: 'groq' })], wallMs: 2_000 };
  const better = { succeeded: 10, failed: 0, durations: [1_000], traffic: { attempts: 11, refusals: { requests: 1 } } };
  const guarded: PhaseResult = { providers: [result(better), result({ ...better, provider: 'groq' })], wallMs: 9_000 };
  const comparison = {
    bare,
    guarded,
    testimonyOf: (provider: string) => ({
      retries: provider === 'groq' ? { rate_limit: 1 } : { overloaded: 1 },
      hits: { requests: 1 },
      advice: { requests: 'Slow down.' },
    }),
  };
  const cells = (table: string, row: string): string[] => {
    const line = table.split('\n').find((each) => each.includes(row));
    return (line ?? '')
      .split('│')
      .slice(2, -1)
      .map((cell) => cell.trim());
  };

  test('are side by side, by provider and in total', () => {
    const table = comparisonTable(comparison);
    expect(cells(table, 'succeeded')).toEqual(['4', '4', '8', '10', '10', '20']);
    expect(cells(table, 'attempts sent')).toEqual(['22', '22', '44', '11', '11', '22']);
    expect(cells(table, 'wasted attempts')).toEqual(['18', '18', '36', '1', '1', '2']);
    expect(cells(table, 'rate_limit')).toEqual(['not told', 'not told', 'not told', '0', '1', '1']);
    expect(cells(table, 'overloaded')).toEqual(['not told', 'not told', 'not told', '1', '0', '1']);
    expect(cells(table, 'p95')).toEqual(['0.4 s', '0.4 s', '0.4 s', '1.0 s', '1.0 s', '1.0 s']);
    expect(cells(table, 'wall time')).toEqual(['2.0 s', '9.0 s']);
  });

  test('show which limit refused, with the advice', () => {
    expect(cells(limitTable(comparison)!, 'Groq: requests')).toEqual(['18', '1', 'Slow down.']);
    const calm = { providers: [result({ traffic: { attempts: 4, refusals: {} } })], wallMs: 1 };
    const silent = () => ({ retries: {}, hits: {}, advice: {} });
    expect(limitTable({ bare: calm, guarded: calm, testimonyOf: silent })).toBeUndefined();
  });
});
