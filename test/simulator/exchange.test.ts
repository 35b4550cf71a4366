import { beforeEach, describe, expect, it } from 'vitest';
import { type Admitted, Exchange } from '../../src/simulator/exchange.ts';
import { resolveOptions, type SimulatorOptions } from '../../src/simulator/options.ts';
import { Simulation } from '../../src/simulator/simulation.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

const CALLER = { organization: 'org-1', requestId: 'req_1' };
const WORK = { model: 'gpt-4o', cost: { inputTokens: 10, cachedTokens: 0, maxOutputTokens: 10 }, streamed: false };

describe('Exchange', () => {
  let clock: VirtualClock;

  beforeEach(() => {
    clock = new VirtualClock();
  });

  function exchangeOf(options: Partial<SimulatorOptions>): { simulation: Simulation; exchange: Exchange } {
    const simulation = new Simulation(
      resolveOptions({ provider: 'openai', limits: { requestsPerMinute: 1 }, clock, ...options }),
    );
    return { simulation, exchange: new Exchange(simulation, CALLER) };
  }

  function admittedBy(exchange: Exchange, work = WORK): Admitted {
    const decision = exchange.decide(work);
    if (decision.kind !== 'admitted') throw new Error(`Expected an admitted request, got ${decision.kind}`);
    return decision.admitted;
  }

  it('admits, refuses and admits again as its clock advances', async () => {
    const { simulation, exchange } = exchangeOf({});
    expect(admittedBy(exchange).headers).toMatchObject({
      'x-request-id': 'req_1',
      'openai-organization': 'org-1',
      'x-ratelimit-limit-requests': '1',
      'x-ratelimit-remaining-requests': '0',
    });
    expect(exchange.decide(WORK)).toMatchObject({
      kind: 'refused',
      answer: {
        status: 429,
        headers: { 'x-request-id': 'req_1', 'x-ratelimit-remaining-requests': '0', 'retry-after': '60' },
        body: { error: { code: 'rate_limit_exceeded' } },
      },
    });
    await clock.advance(60_000);
    admittedBy(exchange);
    expect(simulation.statistics.snapshot(clock.now())).toMatchObject({
      admitted: 2,
      rejected: 1,
      rejectedBy: { requestsPerMinute: 1 },
    });
  });

  it('takes the output of an answer as it is generated, and frees its slot at the end', () => {
    const { simulation, exchange } = exchangeOf({
      provider: 'anthropic',
      limits: { outputTokensPerMinute: 100, maxConcurrent: 1 },
      outputCounting: 'realtime',
    });
    const work = { ...WORK, model: 'claude-haiku-4-5', streamed: true };
    const admitted = admittedBy(exchange, work);
    admitted.drain(60);
    expect(admitted.outputExhausted).toBe(false);
    expect(exchange.decide(work)).toMatchObject({ kind: 'refused' });
    admitted.drain(60);
    expect(admitted.outputExhausted).toBe(true);
    admitted.end(true, { inputTokens: 10, cachedTokens: 0, outputTokens: 120 });
    const [level] = simulation.engine.levels('org-1', work.model, clock.now());
    expect(level).toMatchObject({ name: 'outputTokensPerMinute', remaining: -20 });
    expect(simulation.statistics.snapshot(clock.now())).toMatchObject({ completed: 1, outputTokens: 120 });
  });

  it('distinguishes faults that answer, break and hang, and passes on those within an answer', () => {
    const script = ['server_error', 'connection_reset', 'hang', 'body_reset'] as const;
    const { exchange } = exchangeOf({ limits: {}, faults: { script } });
    expect(exchange.decide(WORK)).toMatchObject({ kind: 'failed', answer: { status: 500 } });
    expect(exchange.decide(WORK)).toEqual({ kind: 'reset' });
    expect(exchange.decide(WORK)).toEqual({ kind: 'hang' });
    expect(admittedBy(exchange).fault).toBe('body_reset');
  });

  it('applies an outage only while it lasts', async () => {
    const { exchange } = exchangeOf({ faults: { outage: { fromMs: 1_000, untilMs: 2_000 } } });
    expect(exchange.meetOutage()).toBeUndefined();
    await clock.advance(1_000);
    expect(exchange.meetOutage()).toMatchObject({ kind: 'failed', answer: { status: 503 } });
    await clock.advance(1_000);
    expect(exchange.meetOutage()).toBeUndefined();
  });
});
