import { describe, expect, it } from 'vitest';
import { isTidegateError } from '../../src/errors.ts';
import { SimulatorError, startSimulator } from '../../src/testing.ts';
import { socketClock } from '../helpers/socket-clock.ts';
import { statusOf } from '../helpers/status-of.ts';
import { CHAT, failure, openai, simulator, testClock } from './servers.ts';

describe('options', () => {
  it.each<[object, string]>([
    [
      { provider: 'mistral' },
      "Expected `provider` to be one of 'openai', 'azure', 'anthropic', 'groq', got \"mistral\"",
    ],
    [{ limits: { requestsPerMinute: 0 } }, 'Expected `limits.requestsPerMinute` to be a number above 0, got 0'],
    [{ limits: { rpm: 3 } }, 'Expected `limits` to be an object with the keys requestsPerMinute, '],
    [{ limits: { maxConcurrent: 1.5 } }, 'Expected `limits.maxConcurrent` to be an integer of at least 1, got 1.5'],
    [
      { modelLimits: { 'gpt-4o': { tokensPerMinute: -1 } } },
      "Expected `modelLimits['gpt-4o'].tokensPerMinute` to be a number above 0, got -1",
    ],
    [{ preset: 'scale' }, "Expected `preset` to be one of 'free', 'tier1', "],
    [{ port: 65_536 }, 'Expected `port` to be a number from 0 to 65535, got 65536'],
    [{ port: '80' }, 'Expected `port` to be an integer from 0 to 65535, got "80"'],
    [{ host: '' }, 'Expected `host` to be a host name or address, got ""'],
    [{ seed: -1 }, 'Expected `seed` to be a number from 0 to'],
    [{ latency: { baseMs: -1 } }, 'Expected `latency.baseMs` to be a number from 0 to 3600000, got -1'],
    [{ bucketSeconds: 61 }, 'Expected `bucketSeconds` to be a number from 0.1 to 60, got 61'],
    [{ bucketSeconds: { tokens: 0 } }, 'Expected `bucketSeconds.tokens` to be a number from 0.1 to 60, got 0'],
    [{ reply: 'yes' }, "Expected `reply` to be 'lorem', 'label' or a function, got \"yes\""],
    [{ replyTokens: [5, 2] }, 'Expected `replyTokens` to be a number from 5 to 100000, got 2'],
    [{ apiKeys: 'key' }, 'Expected `apiKeys` to be an array of strings, got "key"'],
    [{ toolCalls: 1 }, 'Expected `toolCalls` to be a boolean, got 1'],
    [{ speed: 1 }, 'Expected `options` to be an object with the keys provider, '],
    [
      { faults: { rates: { overloaded_500: 1 } } },
      'Expected `faults.rates` to be an object with the keys server_error, ',
    ],
    [
      { faults: { rates: { hang: 0.6, garbage: 0.6 } } },
      'Expected `faults.rates` to be probabilities whose sum is at most 1, got 1.2',
    ],
    [{ faults: { script: ['flex_capacity'] } }, "Expected `faults.script[0]` to be one of 'none', "],
    [
      { faults: { outage: { fromMs: 5, untilMs: 5 } } },
      'Expected `faults.outage.untilMs` to be a number above `fromMs` (5), got 5',
    ],
    [{ faults: { neighbour: { share: 2 } } }, 'Expected `faults.neighbour.share` to be a number from 0 to 1, got 2'],
    [
      { faults: { tierChange: { limits: {} } } },
      'Expected `faults.tierChange.atMs` to be a number of at least 0, got undefined',
    ],
    [{ faults: { ramp: { startTokensPerMinute: 5 } } }, 'Expected `faults.ramp` to be an object with either'],
    [{ faults: { headers: 'none' } }, "Expected `faults.headers` to be one of 'normal', "],
  ])('%o is refused', async (options, message) => {
    const error = await failure(startSimulator({ provider: 'openai', ...options }));
    expect(error).toBeInstanceOf(SimulatorError);
    expect(error.code).toBe('invalid_option');
    expect(error.message).toContain(message);
    expect(isTidegateError(error)).toBe(true);
  });

  it('changes nothing if an update is invalid', async () => {
    const server = await simulator({ provider: 'openai', limits: { requestsPerMinute: 5 }, clock: testClock() });
    const bad = { limits: { requestsPerMinute: 9 }, faults: { rates: { nothing: 1 } } };
    expect(() => server.update(bad as never)).toThrow('Expected `faults.rates`');
    const { headers } = await openai(server).chat.completions.create(CHAT).asResponse();
    expect(headers.get('x-ratelimit-limit-requests')).toBe('5');
  });

  it('overrides a preset limit by limit, and switches limits off', async () => {
    const server = await simulator({
      provider: 'openai',
      preset: 'tier1',
      limits: { requestsPerMinute: 7 },
      modelLimits: { 'gpt-4o': { tokensPerMinute: Infinity }, 'gpt-5*': { requestsPerMinute: 9 } },
      clock: testClock(),
    });
    const limits = async (model: string) => {
      const { headers } = await openai(server)
        .chat.completions.create({ ...CHAT, model })
        .asResponse();
      return [headers.get('x-ratelimit-limit-requests'), headers.get('x-ratelimit-limit-tokens')];
    };
    expect(await limits('gpt-4o')).toEqual(['7', null]);
    expect(await limits('gpt-4o-mini')).toEqual(['10000', '200000']);
    expect(await limits('gpt-5.5')).toEqual(['9', '500000']);
    expect(await limits('gpt-6-astra')).toEqual(['7', '500000']);
  });
});

describe('the server', () => {
  it('refuses web pages that make their own name resolve to it', async () => {
    const { origin } = await simulator({ provider: 'openai' });
    const models = `${origin}/v1/models`;
    const key = { authorization: 'Bearer sk-test' };
    expect(await statusOf(models, key)).toBe(200);
    expect(await statusOf(models, { ...key, host: 'simulator:8080' })).toBe(200);
    expect(await statusOf(models, { ...key, host: 'evil.example' })).toBe(421);
    expect(await statusOf(models, { ...key, origin: 'https://evil.example' })).toBe(421);
  });

  it('answers 404 to a target that is not a path', async () => {
    const { origin } = await simulator({ provider: 'openai' });
    const key = { authorization: 'Bearer sk-test' };
    for (const path of ['//', '///', '//a:b', '*']) expect(await statusOf(origin, key, path)).toBe(404);
  });

  it('says so when the port is taken', async () => {
    const first = await simulator({ provider: 'openai' });
    const error = await failure(startSimulator({ provider: 'openai', port: first.port }));
    expect(error.message).toBe(
      `Port ${first.port} on 127.0.0.1 is already in use. Choose another port, or 0 for any free one.`,
    );
    expect(error.code).toBe('port_in_use');
    expect(error.cause).toMatchObject({ code: 'EADDRINUSE' });
  });

  it('says so when the address is not local', async () => {
    const error = await failure(startSimulator({ provider: 'openai', host: '192.0.2.1' }));
    expect(error.code).toBe('start_failed');
    expect(error.message).toContain('The simulator cannot listen at 192.0.2.1');
  });

  it('frees the port and ends open connections', async () => {
    const first = await startSimulator({ provider: 'openai', latency: { baseMs: 60_000 } });
    const waiting = failure(openai(first).chat.completions.create(CHAT));
    await expect.poll(() => first.stats().inFlight).toBe(1);
    await first.close();
    expect((await waiting).message).toMatch(/Connection error/);
    await using second = await startSimulator({ provider: 'openai', port: first.port });
    expect(second.url).toBe(`http://127.0.0.1:${first.port}/v1`);
  });

  it('follows the given clock', async () => {
    const server = await simulator({
      provider: 'openai',
      latency: { baseMs: 60, perTokenMs: 4 },
      replyTokens: 10,
      clock: socketClock,
    });
    const before = socketClock.now();
    await openai(server).chat.completions.create(CHAT);
    expect(socketClock.now() - before).toBe(100);
    const streamed = socketClock.now();
    const stream = await openai(server).chat.completions.create({ ...CHAT, stream: true });
    expect(socketClock.now() - streamed).toBe(60);
    for await (const _ of stream);
    // The last of ten tokens comes nine intervals after the first.
    expect(socketClock.now() - streamed).toBe(96);
    server.update({ latency: {} });
    const quick = socketClock.now();
    await openai(server).chat.completions.create(CHAT);
    expect(socketClock.now() - quick).toBe(0);
  });

  it('counts requests per second, in flight and by model, and keeps no prompt', async () => {
    const server = await simulator({
      provider: 'openai',
      limits: { requestsPerMinute: 4 },
      latency: { baseMs: 30 },
      clock: testClock(),
    });
    const secret = 'a very particular sentence';
    const ask = (model: string) =>
      openai(server).chat.completions.create({ model, messages: [{ role: 'user', content: secret }] });
    await Promise.allSettled([...Array.from({ length: 6 }, () => ask('gpt-4o')), ask('gpt-4o-mini')]);
    expect(server.stats()).toMatchObject({
      requests: 7,
      admitted: 5,
      completed: 5,
      rejected: 2,
      peakRequestsPerSecond: 7,
      inFlight: 0,
      models: {
        'gpt-4o': { requests: 6, admitted: 4, rejected: 2 },
        'gpt-4o-mini': { requests: 1, admitted: 1, rejected: 0 },
      },
      statuses: { 200: 5, 429: 2 },
    });
    expect(server.stats().peakInFlight).toBeGreaterThan(2);
    expect(JSON.stringify(server.stats())).not.toContain('particular');
  });

  it('keeps keys apart', async () => {
    const server = await simulator({ provider: 'openai', limits: { requestsPerMinute: 1 } });
    await openai(server, 'one').chat.completions.create(CHAT);
    await openai(server, 'two').chat.completions.create(CHAT);
    const error = await failure(openai(server, 'two').chat.completions.create(CHAT));
    expect(error.message).not.toContain('two');
  });

  it("reports an exception of a user's function", async () => {
    const reply = () => {
      throw new Error('no idea');
    };
    const server = await simulator({ provider: 'openai', reply });
    const error = await failure(openai(server).chat.completions.create(CHAT));
    expect(error).toMatchObject({ status: 500, type: 'simulator_error' });
    expect(error.message).toContain('The simulator could not answer: no idea');
  });

  it('refuses bodies that are not JSON', async () => {
    const server = await simulator({ provider: 'openai' });
    for (const body of ['{"model":', '[1]', '']) {
      const response = await fetch(`${server.url}/chat/completions`, {
        method: 'POST',
        headers: { authorization: 'Bearer key', 'content-type': 'application/json' },
        body,
      });
      expect(response.status).toBe(400);
    }
  });
});
