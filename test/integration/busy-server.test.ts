import { describe, expect, it } from 'vitest';
import { fakeFetch, json, type Reply, refused } from '../helpers/fake-fetch.ts';
import { guardedClient, testGuard } from '../helpers/guarded.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

const openai = SDKS[0]!;

/** What servers with a limit on requests in flight answer beyond it. */
const BUSY = {
  // huggingface.co/docs/text-generation-inference: --max-concurrent-requests.
  'text-generation-inference': json({ error: 'Model is overloaded', error_type: 'overloaded' }, 429),
  'a proxy': json({ detail: 'Server is at capacity, please retry later' }, 503, { 'retry-after': '1' }),
};

/** Calls at once to a server that serves so many at a time. */
async function atOnce(calls: number, atATime: number, answerMs: number, busy: Reply) {
  const clock = new VirtualClock();
  const guard = testGuard({}, { clock, random: () => 0.5 });
  let serving = 0;
  let busyAnswers = 0;
  const fake = fakeFetch((request) => {
    if (serving >= atATime) {
      busyAnswers++;
      return new Promise((resolve) => void clock.after(50, () => resolve(busy(request))));
    }
    serving++;
    return new Promise((resolve) => {
      clock.after(answerMs, () => {
        serving--;
        resolve(json(openai.completion)(request));
      });
    });
  });
  const client = guardedClient(openai, guard, fake.fetch);
  let lost = 0;
  const done = Array.from({ length: calls }, () => openai.create(client).catch(() => lost++));
  await clock.runAll();
  await Promise.all(done);
  return { lost, busyAnswers, tookMs: clock.now(), states: eventsOf(guard, 'circuit').map(({ state }) => state) };
}

describe.for(Object.keys(BUSY) as (keyof typeof BUSY)[])('the limit on requests in flight of %s', (server) => {
  it.for<[calls: number, atATime: number, answerMs: number]>([
    [300, 32, 8_000],
    [600, 8, 300],
    [200, 64, 1_000],
  ])('loses none of %d calls, %d at a time, %d ms each, and opens no circuit', async ([calls, atATime, answerMs]) => {
    const { lost, busyAnswers, tookMs, states } = await atOnce(calls, atATime, answerMs, BUSY[server]);
    expect(lost).toBe(0);
    expect(states).toEqual([]);
    expect(busyAnswers / (calls + busyAnswers)).toBeLessThan(0.3);
    const leastMs = Math.ceil(calls / atATime) * answerMs;
    expect(tookMs).toBeLessThan(1.3 * leastMs + 5_000);
  });
});

const DOWN: Record<string, Reply> = {
  overloaded: json({ error: { message: 'Overloaded', code: 'server_is_overloaded' } }, 503),
  'a server error': json({ error: { message: 'Internal error' } }, 500),
  'a refused connection': refused,
  'overloaded, come back in a second': json({ error: { message: 'Overloaded' } }, 503, { 'retry-after': '1' }),
};

describe.for(Object.keys(DOWN))('a call on its own meets an outage: %s', (kind) => {
  const during = async (forMs: number, deadlineMs?: number) => {
    const clock = new VirtualClock();
    const guard = testGuard(deadlineMs === undefined ? {} : { deadlineMs }, { clock, random: () => 0.5 });
    const startedAt = clock.now();
    let sent = 0;
    const fake = fakeFetch((request) => {
      sent++;
      return clock.now() - startedAt < forMs ? DOWN[kind]!(request) : json(openai.completion)(request);
    });
    const client = guardedClient(openai, guard, fake.fetch);
    const end = (result: string) => () => ({ result, tookMs: clock.now() - startedAt });
    const ended = openai.create(client).then(end('answered'), end('failed'));
    await clock.runAll();
    return { ...(await ended), sent };
  };

  it('is answered after half a minute, with its six attempts', async () => {
    expect(await during(30_000)).toMatchObject({ result: 'answered', sent: 6 });
  });

  it('fails after its six attempts if the outage lasts', async () => {
    const { result, sent, tookMs } = await during(600_000);
    expect({ result, sent }).toEqual({ result: 'failed', sent: 6 });
    expect(tookMs).toBeLessThan(45_000);
  });

  it('goes again as soon as another call is served', async () => {
    const clock = new VirtualClock();
    const guard = testGuard({}, { clock, random: () => 0.5 });
    const startedAt = clock.now();
    let sent = 0;
    const fake = fakeFetch((request) => {
      sent++;
      return clock.now() - startedAt < 16_000 ? DOWN[kind]!(request) : json(openai.completion)(request);
    });
    const client = guardedClient(openai, guard, fake.fetch);
    let tookMs: number | undefined;
    const first = openai.create(client).then(() => (tookMs = clock.now() - startedAt));
    await clock.advance(20_000);
    const before = sent;
    expect([before, tookMs]).toEqual([5, undefined]);
    await openai.create(client);
    await clock.advance(0);
    expect(tookMs).toBe(20_000);
    await first;
    expect(sent).toBe(before + 2);
    expect(clock.pending()).toBe(0);
  });

  it('does not wait past its deadline', async () => {
    const { result, tookMs } = await during(600_000, 15_000);
    expect(result).toBe('failed');
    expect(tookMs).toBeLessThanOrEqual(15_000);
  });
});

describe('a call that is always called an overload', () => {
  it('ends with its six attempts beside calls that are served', async () => {
    const clock = new VirtualClock();
    const guard = testGuard({}, { clock, random: () => 0.5 });
    let sent = 0;
    const fake = fakeFetch((request) => {
      const isBad = String(request.init.body).includes('poison');
      if (isBad) sent++;
      const reply = isBad ? DOWN['overloaded']! : json(openai.completion);
      return new Promise((resolve) => void clock.after(isBad ? 50 : 1_000, () => resolve(reply(request))));
    });
    const client = guardedClient(openai, guard, fake.fetch);
    const others: Promise<unknown>[] = [];
    let failedAt: number | undefined;
    for (let tick = 0; tick < 600; tick++) {
      others.push(openai.create(client));
      if (tick === 100) {
        void openai
          .create(client, undefined, { messages: [{ role: 'user', content: 'poison' }] })
          .catch(() => (failedAt = clock.now()));
      }
      await clock.advance(100);
    }
    await clock.runAll();
    await Promise.all(others);
    expect(sent).toBeLessThanOrEqual(8);
    expect(failedAt).toBeLessThan(60_000);
    expect(eventsOf(guard, 'circuit')).toEqual([]);
  });
});
