import { SimProcess, type Tally } from '../../bench/sim/sim-process.ts';
import { complete, type Receiver, type Transport } from '../../bench/sim/transport.ts';
import type { Job } from '../../bench/sim/workload.ts';
import { VirtualClock } from '../../src/hits/replay/virtual-clock.ts';
import { mulberry32 } from '../../src/simulator/random.ts';

const LATENCY_MS = 40;

/** Whether a request that arrives now is let through. */
export type Admits = (now: number) => boolean;

/** nginx with `limit_req`: so many a second, and `burst` more at once. */
export function leakyBucket(perSecond: number, burst: number): Admits {
  let [excess, at] = [0, 0];
  return (now) => {
    excess = Math.max(0, excess - ((now - at) / 1_000) * perSecond);
    at = now;
    if (excess > burst + 1e-9) return false;
    excess++;
    return true;
  };
}

/** At most `count` in any `windowMs`. */
export function slidingLog(count: number, windowMs: number): Admits {
  const times: number[] = [];
  return (now) => {
    while (times.length > 0 && times[0]! <= now - windowMs) times.shift();
    if (times.length >= count) return false;
    times.push(now);
    return true;
  };
}

/** `count` in each window of the clock. */
export function fixedWindow(count: number, windowMs: number): Admits {
  let [window, used] = [0, 0];
  return (now) => {
    const current = Math.floor(now / windowMs);
    if (current !== window) [window, used] = [current, 0];
    return ++used <= count;
  };
}

export interface Gateway {
  readonly admits: Admits;
  readonly answerMs: () => number;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

class GatewayTransport implements Transport {
  /** When requests were refused. */
  readonly refused: number[] = [];
  readonly #clock: VirtualClock;
  readonly #gateway: Gateway;

  constructor(clock: VirtualClock, gateway: Gateway) {
    this.#clock = clock;
    this.#gateway = gateway;
  }

  send(_job: Job, receiver: Receiver): void {
    this.#clock.after(LATENCY_MS, () => this.#arrive(receiver));
  }

  #arrive(receiver: Receiver): void {
    const { admits, answerMs, status, headers } = this.#gateway;
    const now = this.#clock.now();
    if (admits(now)) {
      const reply = { status: 200, headers: new Headers(), body: undefined };
      this.#clock.after(answerMs() + LATENCY_MS, () => complete(receiver, reply));
      return;
    }
    this.refused.push(now);
    const body = `<html><head><title>${status}</title></head><body><center>nginx</center></body></html>`;
    const page = { status, headers: new Headers({ 'content-type': 'text/html', ...headers }), body };
    this.#clock.after(LATENCY_MS, () => complete(receiver, page));
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

/** All calls at once through a guard that knows nothing. */
export async function callsAtOnce(gateway: Gateway, count: number) {
  const clock = new VirtualClock({ now: 0 });
  const provider = new GatewayTransport(clock, gateway);
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
  return { seconds: clock.now() / 1_000, lost: lost + left, refused: provider.refused.length };
}

/** Between a half and one and a half times as long. */
export function varied(ms: number): () => number {
  const random = mulberry32(7);
  return () => ms * (0.5 + random());
}
