import { describe, expect, it } from 'vitest';
import { SimProcess, type Tally } from '../../bench/sim/sim-process.ts';
import type { Receiver, Reply, Transport } from '../../bench/sim/transport.ts';
import type { Job } from '../../bench/sim/workload.ts';
import { VirtualClock } from '../../src/hits/replay/virtual-clock.ts';
import { LoadEvidence } from '../../src/pacing/limits/load-evidence.ts';
import { Spacing } from '../../src/pacing/limits/spacing.ts';
import { mulberry32 } from '../../src/simulator/random.ts';

const LATENCY_MS = 40;

interface Gateway {
  readonly status: number;
  /** Calls a second, and how many beyond that at once. */
  readonly perSecond: number;
  readonly burst: number;
  readonly answerMs: () => number;
}

/** nginx with `limit_req`: a leaky bucket, and a page of HTML that says nothing for the rest. */
class Nginx implements Transport {
  served = 0;
  refused = 0;
  readonly #clock: VirtualClock;
  readonly #gateway: Gateway;
  #excess = 0;
  #at = 0;

  constructor(clock: VirtualClock, gateway: Gateway) {
    this.#clock = clock;
    this.#gateway = gateway;
  }

  send(_job: Job, receiver: Receiver): void {
    this.#clock.after(LATENCY_MS, () => {
      const { status, answerMs } = this.#gateway;
      if (this.#admits()) {
        this.#reply(receiver, { status: 200, headers: new Headers(), body: undefined }, answerMs());
        this.served++;
        return;
      }
      this.refused++;
      const body = `<html><head><title>${status}</title></head><body><center>nginx</center></body></html>`;
      this.#reply(
        receiver,
        { status, headers: new Headers({ server: 'nginx', 'content-type': 'text/html' }), body },
        0,
      );
    });
  }

  #admits(): boolean {
    const { perSecond, burst } = this.#gateway;
    const now = this.#clock.now();
    const excess = Math.max(0, this.#excess - ((now - this.#at) / 1_000) * perSecond);
    this.#excess = excess;
    this.#at = now;
    if (excess > burst + 1e-9) return false;
    this.#excess = excess + 1;
    return true;
  }

  #reply(receiver: Receiver, reply: Reply, afterMs: number): void {
    this.#clock.after(afterMs + LATENCY_MS, () => {
      receiver.head(reply);
      receiver.end(reply);
    });
  }
}

const JOB: Job = {
  arriveMs: 0,
  priority: 'normal',
  inputTokens: 100,
  arrivalTokens: 100,
  inputBytes: 400,
  maxOutputTokens: 100,
  outputTokens: 50,
  stream: false,
};

/** All calls at once. */
async function run(gateway: Gateway, count: number) {
  const clock = new VirtualClock({ now: 0 });
  const provider = new Nginx(clock, gateway);
  const tally: Tally = { attempts: 0, throttled: 0, failedAttempts: 0, waits: [], sent: [] };
  const process = new SimProcess(clock, mulberry32(1), provider, 'openai', {}, tally);
  let [left, lost] = [count, 0];
  for (let index = 0; index < count; index++) {
    void process.call(JOB).then((ok) => {
      left--;
      if (!ok) lost++;
    });
  }
  await clock.run(() => left === 0 || clock.now() > 3_600_000);
  return { seconds: clock.now() / 1_000, lost: lost + left, refused: provider.refused, served: provider.served };
}

/** Between a half and one and a half times as long. */
function varied(ms: number): () => number {
  const random = mulberry32(7);
  return () => ms * (0.5 + random());
}

describe('a gateway that admits single calls at a pace', () => {
  const paces = [
    { status: 503, perSecond: 20, burst: 0, answerMs: varied(3_700), count: 200 },
    { status: 503, perSecond: 10, burst: 0, answerMs: varied(3_000), count: 150 },
    { status: 503, perSecond: 5, burst: 0, answerMs: varied(300), count: 150 },
    { status: 429, perSecond: 20, burst: 0, answerMs: varied(300), count: 400 },
    { status: 429, perSecond: 5, burst: 0, answerMs: varied(1_000), count: 200 },
  ];

  it.for(paces)('is used at that pace: $status, $perSecond a second', async ({ count, ...gateway }) => {
    const { seconds, lost, refused } = await run(gateway, count);
    const bound = count / gateway.perSecond;
    // Until the cause is known, single calls are sent one after the other.
    const answers = 3 * Math.max(...Array.from({ length: 10 }, gateway.answerMs));
    expect(lost).toBe(0);
    expect(seconds).toBeLessThan(1.4 * bound + 5 + answers / 1_000);
    expect(refused).toBeLessThan(0.15 * count);
  });

  it('is no limit on the number in flight, whatever its status', async () => {
    const gateway = { status: 503, perSecond: 10, burst: 10, answerMs: varied(4_000) };
    const { seconds, lost } = await run(gateway, 400);
    expect(lost).toBe(0);
    expect(seconds).toBeLessThan(100);
  });
});

describe('calls that come too soon after others', () => {
  /** Sends at these times; those less than 200 ms after the last one let through are refused. */
  function sendAll(spacing: Spacing, times: readonly number[], leastMs = 200): void {
    let last = -Infinity;
    times.forEach((at, index) => {
      const sequence = index + 1;
      spacing.sent(sequence, at);
      if (at - last < leastMs) return spacing.refused(sequence, at, at + 50);
      last = at;
      spacing.served(sequence);
    });
  }

  it('show the shortest time between two that get through', () => {
    const spacing = new Spacing();
    sendAll(spacing, [0, 100, 250, 300, 500, 600, 750, 800]);
    expect(spacing.isBelieved).toBe(true);
    expect(spacing.shortestMs).toBe(250);
  });

  it('are not the cause once one is refused that came later than others did', () => {
    const spacing = new Spacing();
    sendAll(spacing, [0, 100, 250, 300, 500, 600, 750, 800]);
    spacing.sent(9, 1_500);
    spacing.refused(9, 1_500, 1_550);
    expect(spacing.isBelieved).toBe(false);
  });

  it('are not the cause while others sent at the same time are kept', () => {
    const spacing = new Spacing();
    sendAll(spacing, [0, 1_000, 2_000, 3_000]);
    for (let sequence = 5; sequence <= 12; sequence++) spacing.sent(sequence, 4_000);
    for (let sequence = 9; sequence <= 12; sequence++) spacing.refused(sequence, 4_000, 4_050);
    expect(spacing.isBelieved).toBe(false);
  });
});

describe('refusals compared by the number in flight', () => {
  function attempts(load: LoadEvidence, from: number, count: number, sentAt: number) {
    const sent = Array.from({ length: count }, (_, index) => ({ sequence: from + index, sentAt }));
    for (const attempt of sent) load.sent(attempt);
    return sent;
  }

  it('are explained by it if what is let through next has fewer before it', () => {
    const load = new LoadEvidence();
    let held = attempts(load, 1, 8, 0);
    for (let round = 1; round <= 3; round++) {
      const [refused] = attempts(load, 100 * round, 1, 1_000 * round);
      load.refused(refused!, 1_000 * round + 50);
      load.ended(refused!);
      const [first, ...rest] = held;
      load.ended(first!);
      held = [...rest, ...attempts(load, 100 * round + 1, 1, 1_000 * round + 100)];
      load.served(held.at(-1)!);
    }
    expect([load.explains, load.contradicts]).toEqual([true, false]);
  });

  it('are not if as many are let through later, once we send them', () => {
    const load = new LoadEvidence();
    for (let round = 0; round < 3; round++) {
      const held = attempts(load, 100 * round + 1, 8, 10_000 * round);
      const [refused] = attempts(load, 100 * round + 10, 1, 10_000 * round + 1_000);
      load.refused(refused!, 10_000 * round + 1_050);
      load.ended(refused!);
      load.ended(held[0]!);
      held.push(...attempts(load, 100 * round + 11, 3, 10_000 * round + 2_000));
      for (const attempt of held.slice(-3)) load.served(attempt);
      for (const attempt of held) load.ended(attempt);
    }
    expect([load.explains, load.contradicts]).toEqual([false, true]);
  });

  it('are not if it has as many', () => {
    const load = new LoadEvidence();
    attempts(load, 1, 8, 0);
    for (let round = 1; round <= 3; round++) {
      const [refused] = attempts(load, 100 * round, 1, 1_000 * round);
      load.refused(refused!, 1_000 * round + 50);
      load.ended(refused!);
      const [next] = attempts(load, 100 * round + 1, 1, 1_000 * round + 100);
      load.served(next!);
    }
    expect([load.explains, load.contradicts]).toEqual([false, true]);
  });
});
