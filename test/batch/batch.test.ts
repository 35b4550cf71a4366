import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { batch, type BatchResult, type BatchSnapshot } from '../../src/batch.ts';
import { isTidegateError } from '../../src/errors.ts';
import { fakeFetch, json } from '../helpers/fake-fetch.ts';
import { settle, testGuard } from '../helpers/guarded.ts';

const values = (rows: readonly BatchResult<unknown>[]): unknown[] =>
  rows.map((row) => (row.status === 'ok' ? row.value : (row.error as Error).message));

/** Workers that end when the test lets them. */
function held(): { worker: (item: string) => Promise<string>; begun: string[]; end: (item: string) => Promise<void> } {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    begun,
    worker: (item) => {
      begun.push(item);
      return new Promise((resolve) => ends.set(item, () => resolve(item)));
    },
    end: async (item) => {
      ends.get(item)!();
      await settle();
    },
  };
}

describe('batch', () => {
  it('returns results in item order, failures included', async () => {
    const rows = await batch([30, 1, 10], async (ms, { index }) => {
      await settle(ms);
      if (ms === 1) throw new Error('no');
      return index;
    });
    expect(values(rows)).toEqual([0, 'no', 2]);
    expect(rows.map(({ id, status, source }) => [id, status, source])).toEqual([
      ['0', 'ok', 'called'],
      ['1', 'error', 'called'],
      ['2', 'ok', 'called'],
    ]);
  });

  it('yields results as they finish when asked to', async () => {
    expect(values(await batch([30, 1, 10], (ms) => settle(ms).then(() => ms), { order: 'completion' }))).toEqual([
      1, 10, 30,
    ]);
  });

  it('pulls from an iterable no faster than its window, and starts nothing before it is consumed', async () => {
    let pulled = 0;
    const endless = {
      async *[Symbol.asyncIterator]() {
        for (;;) yield pulled++;
      },
    };
    const run = batch(endless, (item) => item, { maxConcurrent: 2, window: 5 });
    await settle();
    expect(pulled).toBe(0);
    let seen = 0;
    for await (const { index } of run) {
      expect(index).toBe(seen++);
      await settle(1);
      expect(pulled - seen).toBeLessThanOrEqual(5);
      if (seen === 20) break;
    }
    const after = pulled;
    await settle();
    expect(pulled).toBe(after);
  });

  it('keeps at most `maxConcurrent` workers at work', async () => {
    let now = 0;
    let most = 0;
    await batch(
      Array.from({ length: 50 }, (_, i) => i),
      async () => {
        most = Math.max(most, ++now);
        await settle(1);
        now--;
      },
      { maxConcurrent: 3 },
    );
    expect(most).toBe(3);
  });

  it('runs equal items once, and again when told to', async () => {
    let calls = 0;
    const items = [{ a: 1, b: 2 }, { b: 2, a: 1 }, { a: 2 }, { a: 1, b: 2 }];
    const worker = (): number => ++calls;
    const rows = await batch(items, worker, { maxConcurrent: 1 });
    expect(values(rows)).toEqual([1, 1, 2, 1]);
    expect(rows.map(({ source }) => source)).toEqual(['called', 'duplicate', 'called', 'duplicate']);
    calls = 0;
    expect(values(await batch(items, worker, { maxConcurrent: 1, dedupe: false }))).toEqual([1, 2, 3, 4]);
  });

  it('shares an answer that is still pending, and a failure', async () => {
    let calls = 0;
    const rows = await batch(['a', 'a'], async () => {
      calls++;
      await settle();
      throw new Error('down');
    });
    expect([calls, values(rows)]).toEqual([1, ['down', 'down']]);
  });

  it('sends the first item of a prefix alone, and the next if it fails', async () => {
    const { worker, begun, end } = held();
    const run = batch(['x1', 'x2', 'y1', 'x3'], worker, { prefix: (item) => item[0]! }).then(values);
    await settle();
    expect(begun).toEqual(['x1', 'y1']);
    await end('x1');
    expect(begun).toEqual(['x1', 'y1', 'x2', 'x3']);
    for (const item of ['x2', 'x3', 'y1']) await end(item);
    expect(await run).toEqual(['x1', 'x2', 'y1', 'x3']);

    const order: string[] = [];
    await batch(
      ['1', '2', '3'],
      async (item) => {
        order.push(`${item}>`);
        await settle(1);
        order.push(`<${item}`);
        if (item === '1') throw new Error('no');
      },
      { prefix: () => 'same' },
    );
    expect(order).toEqual(['1>', '<1', '2>', '<2', '3>', '<3']);
  });

  it.each([
    [{ onError: 'stop' as const }, 1],
    [{ stopAfter: 3 }, 3],
    [{ stopAfter: 0.5 }, 20],
  ])('stops for failures: %j', async (options, finished) => {
    const seen: unknown[] = [];
    const run = batch(
      Array.from({ length: 100 }, (_, i) => i),
      () => Promise.reject(new Error('no')),
      {
        maxConcurrent: 1,
        ...options,
      },
    );
    const reading = async (): Promise<void> => {
      for await (const row of run) seen.push(row.status);
    };
    const error: unknown = await reading().catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'batch_stopped', cause: { message: 'no' } });
    expect(isTidegateError(error)).toBe(true);
    expect(seen).toEqual(Array.from({ length: finished }, () => 'error'));
  });

  it('finishes what is in flight when it is stopped, even if the source stalls', async () => {
    const { worker, end } = held();
    const seen: unknown[] = [];
    const run = batch(
      (async function* () {
        yield 'a';
        await new Promise(() => undefined);
      })(),
      worker,
    );
    const reading = (async () => {
      for await (const row of run) seen.push(row.id);
    })();
    await settle();
    run.stop();
    await Promise.all([expect(reading).rejects.toMatchObject({ code: 'batch_stopped' }), end('a')]);
    expect(seen).toEqual(['0']);
  });

  it('ends at once with the reason of an abort, and passes it to the workers', async () => {
    const abort = new AbortController();
    const signals: AbortSignal[] = [];
    const run = batch(
      ['a', 'b'],
      (_item, { signal }) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
      { signal: abort.signal },
    );
    const reading = run.then(values);
    await settle();
    const ended = reading.then(undefined, (error: unknown) => error);
    abort.abort(new Error('enough'));
    // Immediately: anything that waits for a timer takes longer than a few turns.
    const first = await Promise.race([ended, settle().then(() => 'still reading')]);
    expect(first).toMatchObject({ message: 'enough' });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    await expect(batch(['a'], () => 1, { signal: abort.signal })).rejects.toThrow('enough');
  });

  it('ends with the error of its source', async () => {
    const run = batch(
      (function* () {
        yield 1;
        throw new Error('disk');
      })(),
      (item) => item,
    );
    await expect(run).rejects.toThrow('disk');
  });

  it('counts attempts and tokens of guarded calls, and reports progress', async () => {
    const guard = testGuard({ retry: { initialDelayMs: 1, maxDelayMs: 2 }, pacing: { requestsPerMinute: 60_000 } });
    const answer = json({
      id: 'c',
      object: 'chat.completion',
      model: 'gpt-4o-mini',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hi' } }],
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
    });
    const { fetch } = fakeFetch(json({ error: { message: 'oops' } }, 500), answer);
    const client = guard.wrap(new OpenAI({ apiKey: 'batch-meter', fetch }));
    const told: BatchSnapshot[] = [];
    const run = batch(
      ['a', 'b', 'c'],
      async (content, { signal }) => {
        const messages = [{ role: 'user' as const, content }];
        const { choices } = await client.chat.completions.create({ model: 'gpt-4o-mini', messages }, { signal });
        return choices[0]!.message.content;
      },
      { guard, maxConcurrent: 1, onProgress: (snapshot) => told.push(snapshot) },
    );
    const rows: BatchResult<string | null>[] = [];
    for await (const row of run) {
      rows.push(row);
      if (rows.length === 1) {
        expect(run.snapshot()).toMatchObject({ total: 3, failed: 0 });
        expect(run.snapshot()!.eta!.toSeconds).toBeGreaterThan(0);
      }
    }
    expect(rows.map(({ attempts }) => attempts)).toEqual([2, 1, 1]);
    expect(rows[0]!.usage).toMatchObject({ inputTokens: 10, outputTokens: 5 });
    expect(guard.events.filter(({ type }) => type === 'call.end')).toHaveLength(3);
    expect(told.at(-1)).toMatchObject({
      done: 3,
      failed: 0,
      inFlight: 0,
      usage: { inputTokens: 30, outputTokens: 15 },
    });
    expect(told.at(-1)!.eta).toEqual({ fromSeconds: 0, toSeconds: 0, binds: 'concurrency' });
  });

  it('finishes what is in flight when an error ends the source', async () => {
    const broken = new Error('the file ends in the middle');
    const { worker, end, begun } = held();
    async function* items() {
      yield 'a';
      yield 'b';
      throw broken;
    }
    const rows: BatchResult<string>[] = [];
    const reading = (async () => {
      for await (const row of batch(items(), worker)) rows.push(row);
    })();
    const finishing = async (): Promise<void> => {
      await settle();
      expect(begun).toEqual(['a', 'b']);
      await end('b');
      await end('a');
    };
    await Promise.all([expect(reading).rejects.toBe(broken), finishing()]);
    expect(values(rows)).toEqual(['a', 'b']);
  });

  it('rejects a bad option at once', () => {
    expect(() => batch([], () => 1, { maxConcurrent: 0 })).toThrow('Expected `maxConcurrent` to be an integer from 1');
    expect(() => batch([], () => 1, { stopAfter: 1.5 })).toThrow('`stopAfter`');
    expect(() => batch([], () => 1, { order: 'random' as 'input' })).toThrow("one of 'input', 'completion'");
    expect(() => batch([], () => 1, { concurrency: 5 } as object)).toThrow('options of batch()');
    expect(() => batch(5 as unknown as [], () => 1)).toThrow('an iterable');
    expect(() => batch([], () => 1, { journal: '' })).toThrow('`journal`');
  });

  it('can be consumed once', async () => {
    const run = batch([1], (item) => item);
    await run;
    await expect(run).rejects.toThrow('once');
  });
});
