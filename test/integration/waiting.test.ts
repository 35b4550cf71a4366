import Anthropic from '@anthropic-ai/sdk';
import Groq from 'groq-sdk';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { withCall } from '../../src/with-call.ts';
import { socketClock } from '../helpers/socket-clock.ts';
import { ask, connect, failureOf, WAYS } from './connect.ts';

const PROVIDERS = ['openai', 'anthropic', 'groq'] as const;
const API_ERRORS = { openai: OpenAI.APIError, anthropic: Anthropic.APIError, groq: Groq.APIError };
const CASES = WAYS.flatMap((way) => PROVIDERS.map((provider) => ({ ...way, provider })));

/** One call at a time. */
const single = (guard: (typeof WAYS)[number]['guard'], maxQueued = 100) => ({
  ...guard,
  bulkhead: { maxConcurrent: 1, maxQueued },
});

/** The first answer never comes. */
const HANGS = { faults: { script: ['hang'] } } as const;

describe.each(CASES)('$provider, $way', ({ provider, ...way }) => {
  it('ends an attempt in flight at the deadline', async () => {
    const { client, server, drained } = await connect(provider, way, HANGS);
    const startedAt = socketClock.now();
    const error = await failureOf(withCall({ deadlineMs: 150 }, () => ask(provider, client)));
    expect(socketClock.now() - startedAt).toBeCloseTo(150, -1);
    expect(error).toBeInstanceOf(API_ERRORS[provider]);
    expect(error).toMatchObject({ code: 'deadline_exceeded', tidegate: { attempts: 1 } });
    await expect.poll(() => server.stats()).toMatchObject({ inFlight: 0, requests: 1 });
    await drained();
  });

  it('ends a wait in the queue at the deadline, and sends nothing', async () => {
    const { client, server } = await connect(provider, { ...way, guard: single(way.guard) }, HANGS);
    const first = failureOf(withCall({ deadlineMs: 300 }, () => ask(provider, client)));
    const startedAt = socketClock.now();
    const error = await failureOf(withCall({ deadlineMs: 100 }, () => ask(provider, client)));
    expect(socketClock.now() - startedAt).toBeCloseTo(100, -1);
    expect(error).toBeInstanceOf(API_ERRORS[provider]);
    expect(error).toMatchObject({ code: 'deadline_exceeded', tidegate: { attempts: 0, outcome: 'timeout' } });
    await first;
    expect(server.stats().requests).toBe(1);
  });

  it('refuses what exceeds the queue', async () => {
    const guard = single(way.guard, 1);
    const { client, server } = await connect(provider, { ...way, guard }, { latency: { baseMs: 100 } });
    const results = await Promise.allSettled([1, 2, 3].map(() => ask(provider, client)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    const { reason } = results[2] as PromiseRejectedResult;
    expect(reason).toBeInstanceOf(API_ERRORS[provider]);
    expect(reason).toMatchObject({ code: 'queue_full', tidegate: { attempts: 0 } });
    expect(server.stats().requests).toBe(2);
  });

  it('gives interactive calls most of the turns, and the others some', async () => {
    const { client, server } = await connect(
      provider,
      { ...way, guard: single(way.guard) },
      { latency: { baseMs: 20 } },
    );
    const order: string[] = [];
    const call = (priority: 'interactive' | 'normal' | 'batch') =>
      withCall({ priority }, () => ask(provider, client)).then(() => order.push(priority));
    const first = call('normal');
    await expect.poll(() => server.stats().admitted).toBe(1);
    server.update({ latency: { baseMs: 0 } });
    const batch = Array.from({ length: 16 }, () => call('batch'));
    const interactive = Array.from({ length: 16 }, () => call('interactive'));
    await Promise.all([first, ...batch, ...interactive]);
    // Eight turns to one, although the batch arrived first.
    const early = order.slice(1, 19);
    expect(early.filter((priority) => priority === 'interactive').length).toBeGreaterThanOrEqual(15);
    expect(early).toContain('batch');
    expect(order.slice(19)).not.toContain('normal');
  });
});
