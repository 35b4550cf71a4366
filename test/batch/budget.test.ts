import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { batch, type BatchOptions, type BatchResult, type BatchSnapshot } from '../../src/batch.ts';
import { isLost } from '../../src/batch/lost-attempt.ts';
import type { CallInfo } from '../../src/core/events.ts';
import { createGuard, type Guard, type Prices } from '../../src/index.ts';
import { type Simulator, startSimulator } from '../../src/testing.ts';

/** One cent per token, so that counted and charged are the same number. */
const PRICES: Prices = { '*': { input: 10_000, output: 10_000 } };

let simulator: Simulator;
let guard: Guard;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'budget-'));
  // Every call takes 10 input and 5 output tokens: 15 cents.
  simulator = await startSimulator({
    provider: 'openai',
    limits: { requestsPerMinute: 600_000 },
    reply: () => 'one two three four five',
    countTokens: (text) => text.split(' ').length,
    latency: { baseMs: 5 },
  });
  guard = createGuard({ prices: PRICES });
});
afterEach(() => Promise.all([guard.close(), simulator.close(), rm(folder, { recursive: true })]));

async function ask(item: string, signal: AbortSignal): Promise<string> {
  const response = await guard.fetch(`${simulator.url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-test', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o-mini', max_tokens: 50, messages: [{ role: 'user', content: item }] }),
    signal,
  });
  if (!response.ok) throw Object.assign(new Error('refused'), { status: response.status });
  return response.text();
}

async function run(
  items: readonly string[],
  options: BatchOptions<string>,
): Promise<{ rows: BatchResult<string>[]; error: unknown; last: BatchSnapshot }> {
  const rows: BatchResult<string>[] = [];
  const batchRun = batch(items, (item, { signal }) => ask(item, signal), { guard, ...options });
  let error: unknown;
  try {
    for await (const row of batchRun) rows.push(row);
  } catch (thrown) {
    error = thrown;
  }
  return { rows, error, last: batchRun.snapshot()! };
}

const items = Array.from({ length: 60 }, (_, index) => `item ${index}`);

describe('a run with a budget', () => {
  it('reports the cost of rows and of the run', async () => {
    const { rows, last } = await run(items.slice(0, 4), {});
    const costs = rows.map(({ costUsd }) => costUsd!);
    expect(Math.min(...costs)).toBeGreaterThan(0);
    expect(last.cost).toEqual({
      usd: expect.closeTo(sum(costs), 9),
      unknown: 0,
      possibleUsd: 0,
      lostAttempts: 0,
      reservedUsd: 0,
    });
    const without = createGuard();
    const unpriced = await run(items.slice(0, 1), { guard: without });
    expect([unpriced.rows[0]!.costUsd, unpriced.last.cost]).toEqual([undefined, undefined]);
    await without.close();
  });

  it('never spends more, whatever the worst case and the concurrency (property)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0.2, max: 5, noNaN: true }),
        fc.double({ min: 0.3, max: 2, noNaN: true }),
        fc.integer({ min: 1, max: 40 }),
        async (maxCost, worst, maxConcurrent) => {
          const { rows, error, last } = await run(items, { maxCost, worstCost: () => worst, maxConcurrent });
          expect(last.cost!.usd).toBeLessThanOrEqual(maxCost);
          // It stops where the next item might exceed the budget, and not before.
          if (error) expect(last.cost!.usd + worst).toBeGreaterThan(maxCost);
          expect(error === undefined).toBe(rows.length === items.length);
          if (error) expect(error).toMatchObject({ code: 'batch_budget' });
          expect(last.cost!.reservedUsd).toBe(0);
          expect(rows.map(({ index }) => index)).toEqual(rows.map((_, index) => index));
        },
      ),
      { numRuns: 15 },
    );
  });

  it('resumes from its journal, which knows what earlier runs cost', async () => {
    const options = { journal: join(folder, 'run.jsonl'), worstCost: () => 0.5, maxConcurrent: 5 };
    const first = await run(items, { ...options, maxCost: 2 });
    expect(first.error).toMatchObject({ code: 'batch_budget', message: expect.stringContaining('Of $2') });
    const { requests } = simulator.stats();
    expect(first.rows.length).toBe(requests);
    const same = await run(items, { ...options, maxCost: 2 });
    expect([same.rows.length, simulator.stats().requests]).toEqual([requests, requests]);
    expect(same.last.cost!.usd).toBeCloseTo(first.last.cost!.usd, 9);
    const more = await run(items, { ...options, maxCost: 1_000 });
    expect([more.error, more.rows.length, simulator.stats().requests]).toEqual([undefined, 60, 60]);
    expect(more.last.cost!.usd).toBeCloseTo(sum(more.rows.map(({ costUsd }) => costUsd!)), 6);
  });

  it('stops before an item whose worst case is unknown', async () => {
    const { rows, error } = await run(items, {
      maxCost: 1_000,
      worstCost: (_item, index) => (index === 3 ? undefined : 1),
    });
    expect(rows).toHaveLength(3);
    expect(error).toMatchObject({ code: 'batch_budget', message: 'The maximum cost of item "3" is unknown.' });
  });

  it('charges the worst case of an answer without a known price, and nothing for a refusal', async () => {
    const unpriced = createGuard({ prices: {} });
    const worker = async (item: string, { signal }: { signal: AbortSignal }): Promise<string> => {
      const response = await unpriced.fetch(`${simulator.url}/chat/completions`, {
        method: 'POST',
        headers: { authorization: 'Bearer sk-test', 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'gpt-4o-mini',
          messages: item === 'bad' ? 'none' : [{ role: 'user', content: item }],
        }),
        signal,
      });
      if (!response.ok) throw new Error('refused');
      return response.text();
    };
    const rows: BatchResult<string>[] = [];
    const options = { guard: unpriced, maxCost: 2.5, worstCost: () => 1, maxConcurrent: 1, dedupe: false };
    const reading = async (): Promise<void> => {
      for await (const row of batch(['bad', 'bad', 'a', 'b', 'c'], worker, options)) rows.push(row);
    };
    await expect(reading()).rejects.toMatchObject({ code: 'batch_budget' });
    expect(rows.map(({ status, costUsd }) => [status, costUsd])).toEqual([
      ['error', undefined],
      ['error', undefined],
      ['ok', null],
      ['ok', null],
    ]);
    await unpriced.close();
  });

  it('charges the worst case of each attempt whose answer was lost, and reports it separately', async () => {
    let sent = 0;
    const server = createServer((request, response) => {
      request.resume();
      // The first two attempts of each row lose their connection after the request.
      if (++sent % 3 !== 0) return void request.on('end', () => request.socket.destroy());
      const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ object: 'chat.completion', model: 'gpt-4o-mini', choices: [], usage }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await simulator.close();
    simulator = { ...simulator, url: `http://127.0.0.1:${port}`, close: async () => void server.close() };
    const journal = join(folder, 'run.jsonl');
    const options = { journal, worstCost: () => 1, maxConcurrent: 1 };
    const { rows, error, last } = await run(items, { ...options, maxCost: 5 });
    // 0.15 is reported, and up to 2 more may have been spent.
    expect(rows.map(({ costUsd, attempts }) => [costUsd, attempts])).toEqual([
      [0.15, 3],
      [0.15, 3],
    ]);
    expect(error).toMatchObject({ code: 'batch_budget', message: expect.stringContaining('$4.3 is spent') });
    expect(last.cost).toEqual({
      usd: expect.closeTo(0.3),
      unknown: 0,
      possibleUsd: expect.closeTo(4),
      lostAttempts: 4,
      reservedUsd: 0,
    });
    // The possible spending is recorded: the same command starts no further row.
    const again = await run(items, { ...options, maxCost: 5 });
    expect([again.rows.length, sent, again.last.cost!.possibleUsd]).toEqual([2, 6, expect.closeTo(4)]);
  });

  it.each([
    ['timeout', undefined, true, true],
    ['timeout', 'UND_ERR_CONNECT_TIMEOUT', true, false],
    ['connection', 'ECONNRESET', true, true],
    ['connection', 'ECONNREFUSED', true, false],
    ['connection', 'CERT_HAS_EXPIRED', false, false],
    ['cancelled', undefined, false, true],
    ['throttled', undefined, true, false],
    ['server_error', undefined, true, false],
    ['ok', undefined, false, false],
  ] as const)(
    'takes an attempt that ended with %s (%s) for lost where the provider may have worked',
    (outcome, code, retryable, lost) => {
      const event = {
        type: 'attempt.end',
        attempt: 1,
        durationMs: 1,
        status: undefined,
        requestId: undefined,
      } as const;
      expect(isLost({ ...event, call: {} as CallInfo, outcome, code, retryable })).toBe(lost);
    },
  );

  it('ends when it is stopped while an item waits for budget', async () => {
    const seen: unknown[] = [];
    let begin!: () => void;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const work = (item: string, { signal }: { readonly signal: AbortSignal }) => {
      begin();
      return ask(item, signal);
    };
    const batchRun = batch(items, work, { guard, maxCost: 1, worstCost: () => 1 });
    const reading = (async () => {
      for await (const row of batchRun) seen.push(row.id);
    })();
    await begun;
    batchRun.stop();
    await expect(reading).rejects.toMatchObject({ code: 'batch_stopped' });
    expect(seen).toEqual(['0']);
  });

  it.each([
    [{ maxCost: 0, worstCost: () => 1 }, 'maxCost'],
    [{ maxCost: 1 }, 'worstCost'],
    [{ worstCost: 1 }, 'worstCost'],
  ])('is validated: %j', (options, name) => {
    expect(() => batch([], () => 1, options as unknown as BatchOptions<unknown>)).toThrow(`\`${name}\``);
  });
});

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
