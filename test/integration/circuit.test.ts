import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { ask, connect, failureOf, WAYS } from './connect.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { socketClock } from '../helpers/socket-clock.ts';

const FAST_RETRY = { initialDelayMs: 1, maxDelayMs: 5 };

/** An outage that lasts `ms`, of the kind that opens circuits. */
const outage = (ms: number, kind: 'overloaded' | 'server_error' | 'gateway_timeout' = 'overloaded') => ({
  faults: { outage: { untilMs: ms, kind } },
});

describe.each(WAYS)('the circuit of a lane, $way', (way) => {
  const breaker = { halfOpenAfterMs: 150, maxHalfOpenAfterMs: 200, minimumAttempts: 10 };

  it('opens in an outage; calls wait, and all succeed afterwards', async () => {
    // Six attempts of one call must not be over before ten of all calls are.
    const guard = { ...way.guard, retry: { initialDelayMs: 100, maxDelayMs: 200 }, breaker };
    const { client, server, events, drained } = await connect('openai', { ...way, guard });
    await ask('openai', client);
    server.update(outage(1_000));
    const calls = Array.from({ length: 30 }, (_, index) => ask('openai', client, `call ${index}`));
    const settled = Promise.allSettled(calls);
    const results = await settled;
    // Ten attempts open the circuit; the others are probes, or were on their way.
    expect(server.stats().faults.overloaded).toBeGreaterThanOrEqual(12);
    expect(eventsOf(events, 'give_up')).toEqual([]);
    expect(results.map(({ status }) => status)).toEqual(results.map(() => 'fulfilled'));
    const { requests, completed } = server.stats();
    expect(completed).toBe(31);
    // Each once, each once more, and probes.
    expect(requests).toBeLessThanOrEqual(31 + 30 + 10);
    await drained();
    if (way.dropIn) return;
    const states = eventsOf(events, 'circuit').map(({ state }) => state);
    expect(states.slice(0, 2)).toEqual(['open', 'half_open']);
    expect(states.at(-1)).toBe('closed');
  });

  it('fails fast when told to', async () => {
    const guard = {
      ...way.guard,
      breaker: { ...breaker, halfOpenAfterMs: 60_000, maxHalfOpenAfterMs: 60_000, onOpen: 'fail' as const },
    };
    const { client, server } = await connect('openai', { ...way, guard });
    await ask('openai', client);
    server.update(outage(60_000));
    await Promise.allSettled(Array.from({ length: 12 }, () => ask('openai', client)));
    const { requests } = server.stats();
    const startedAt = socketClock.now();
    const error = await failureOf(ask('openai', client));
    expect(socketClock.now()).toBe(startedAt);
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ code: 'circuit_open', tidegate: { outcome: 'overloaded', attempts: 0 } });
    expect(server.stats().requests).toBe(requests);
  });

  it('stays closed for refusals by limits', async () => {
    const guard = { ...way.guard, breaker };
    const { client, events } = await connect(
      'openai',
      { ...way, guard },
      {
        limits: { requestsPerMinute: 1_200 },
        bucketSeconds: 0.1,
        retryHeader: 'milliseconds',
      },
    );
    await Promise.all(Array.from({ length: 15 }, () => ask('openai', client)));
    expect(eventsOf(events, 'circuit')).toEqual([]);
  });
});

describe('the retry budget', () => {
  it("adds at most a fifth to an outage's traffic, plus the minimum", async () => {
    // Without a circuit, nothing else limits the retries.
    const guard = { retry: FAST_RETRY, pacing: false as const, breaker: false as const };
    const { client, server, events } = await connect(
      'openai',
      { dropIn: false, guard },
      outage(60_000, 'server_error'),
    );
    const results = await Promise.allSettled(Array.from({ length: 100 }, () => ask('openai', client)));
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(server.stats().requests).toBe(100 + 0.2 * 100 + 20);
    expect(eventsOf(events, 'give_up').some(({ reason }) => reason === 'budget')).toBe(true);
  });

  it('does not charge waits for a rate limit', async () => {
    const guard = { retry: { ...FAST_RETRY, budget: { minimum: 0, ratio: 0 } }, pacing: false as const };
    const { client, server } = await connect(
      'openai',
      { dropIn: false, guard },
      {
        limits: { requestsPerMinute: 3_000 },
        bucketSeconds: 0.1,
        retryHeader: 'milliseconds',
      },
    );
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('openai', client)));
    expect(answers).toHaveLength(20);
    expect(server.stats().rejected).toBeGreaterThan(0);
  });
});
