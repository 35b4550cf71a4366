import { performance } from 'node:perf_hooks';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { VirtualClock } from './virtual-clock.ts';

// Bound at import, so that a test which fakes the timers does not stop time altogether.
const { setTimeout: timeout } = globalThis;

/** Looks, a millisecond apart, between which nothing may have come: a client and a server of this process answer at once. */
const QUIET_LOOKS = 3;
/** Where others keep the processor, they keep the kernel from delivering too: a look as late tells nothing, but for so many. */
const LATE_MS = 3;
const MAX_LATE_LOOKS = 20;

/** Bodies are decompressed by threads, which no socket tells of; what waits for a body waits for longer than this. */
const LONG_MS = 500;
const LONG_LOOKS = 12;

/** Bodies that nobody reads are ended after minutes, and no test should wait for that by chance. */
const MAX_IDLE_MS = 60_000;

/**
 * Virtual time for tests over sockets of this process: it stands still while anything moves on them, and goes on to the
 * next timer as soon as nothing does. What a server of the test waits for has to be a timer of the same clock.
 */
export class SocketClock extends VirtualClock {
  #running = false;

  constructor(wall: number = Date.now()) {
    super({ wall });
  }

  override after(ms: number, fn: () => void, options?: { readonly unref?: boolean }): () => void {
    const cancel = super.after(ms, fn, options);
    if (!this.#running) void this.#run();
    return cancel;
  }

  /** What a timer that holds no process waits for is a matter of minutes only where nothing else is going on. */
  get #isAwaited(): boolean {
    return this.pending('referenced') > 0 || (this.nextIn() ?? Infinity) <= MAX_IDLE_MS;
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#isAwaited) {
        const inMs = this.nextIn()!;
        await socketsQuiet(inMs < LONG_MS ? QUIET_LOOKS : LONG_LOOKS);
        // What came meanwhile may have taken the timer back.
        if (this.#isAwaited && this.nextIn()! <= inMs) await this.advance(this.nextIn()!);
      }
    } finally {
      this.#running = false;
    }
  }
}

/** Lets the event loop look at its sockets so many times: what was sent in this process is read by then, however busy it is. */
export async function looks(count: number, apartMs = 1): Promise<void> {
  for (let look = 0; look < count; look++) {
    await new Promise<void>((resolve) => {
      timeout(resolve, apartMs);
    });
  }
}

/** Resolves once the event loop has had nothing from any socket for some turns. */
export async function socketsQuiet(quietLooks: number = QUIET_LOOKS): Promise<void> {
  let quiet = 0;
  let late = 0;
  let seen = socketEvents();
  while (quiet < quietLooks) {
    const from = performance.now();
    await looks(1);
    const isLate = performance.now() - from > LATE_MS && late++ < MAX_LATE_LOOKS;
    const now = socketEvents();
    if (now !== seen) quiet = 0;
    else if (!isLate) quiet++;
    seen = now;
  }
}

const socketEvents = (): number => performance.nodeTiming.uvMetricsInfo.events;

/** The time of this test file, for guards and for servers. */
export const socketClock: SocketClock = new SocketClock();

/** Makes it the time of every guard of this file that is given no clock: of drop-ins and of the default guard. */
export function useSocketClock(): void {
  Object.assign(systemClock, {
    now: () => socketClock.now(),
    wall: () => socketClock.wall(),
    after: (...args: Parameters<Clock['after']>) => socketClock.after(...args),
  } satisfies Clock);
}

/** What a server lets pass before it goes on. */
export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    socketClock.after(ms, resolve);
  });
