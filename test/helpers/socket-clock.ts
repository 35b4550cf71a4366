import { performance } from 'node:perf_hooks';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { afterTest } from './after-test.ts';
import { VirtualClock } from './virtual-clock.ts';

// Bound at import, so that a test that fakes timers does not stop time altogether.
const { setTimeout: timeout } = globalThis;

/**
 * Number of polls, a millisecond apart, without traffic after which time advances: a client and a server in one process
 * answer at once.
 */
const QUIET_LOOKS = 3;
/**
 * When other processes keep the processor, the kernel delivers late too: polls this late do not count, up to a maximum.
 */
const LATE_MS = 3;
const MAX_LATE_LOOKS = 20;

/** Bodies are decompressed in threads, which no socket shows; waits for a body take longer than this. */
const LONG_MS = 500;
const LONG_LOOKS = 12;

/** Unread bodies are ended after minutes, and no test should reach that by accident. */
const MAX_IDLE_MS = 60_000;

/**
 * Virtual time for tests over sockets of this process: it stands still while anything moves on them, and advances to
 * the next timer as soon as nothing does. Delays of a test's server must use the same clock.
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

  /** Timers that do not keep the process alive take minutes; they only run when nothing else is going on. */
  get #isAwaited(): boolean {
    return this.pending('referenced') > 0 || (this.nextIn() ?? Infinity) <= MAX_IDLE_MS;
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#isAwaited) {
        const inMs = this.nextIn()!;
        await socketsQuiet(inMs < LONG_MS ? QUIET_LOOKS : LONG_LOOKS);
        // What arrived meanwhile may have cancelled the timer.
        if (this.#isAwaited && this.nextIn()! <= inMs) await this.advance(this.nextIn()!);
      }
    } finally {
      this.#running = false;
    }
  }
}

/**
 * Lets the event loop poll its sockets this many times: anything sent in this process is read by then, however busy it
 * is.
 */
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

/** The time of this test file, for guards and servers. */
export const socketClock: SocketClock = new SocketClock();

/** Makes it the clock of every guard of this file without one: of drop-ins and of the default guard. */
export function useSocketClock(): void {
  Object.assign(systemClock, {
    now: () => socketClock.now(),
    wall: () => socketClock.wall(),
    after: (...args: Parameters<Clock['after']>) => socketClock.after(...args),
  } satisfies Clock);
}

/** For clients whose attempts shall run into their timeout, after `useSocketClockInSdks`. */
export const SDK_TIMEOUT_MS = 50_000;

/**
 * Puts timeouts of SDKs on the socket clock until the end of the test: real ones may pass before a busy machine answers.
 * SDKs set them with the global timers, as others do, and by the end of a request for a little less: the length tells.
 */
export function useSocketClockInSdks(): void {
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  const cancels = new Map<unknown, () => void>();
  const set = (fn: () => void, ms = 0, ...args: []): unknown => {
    if (ms > SDK_TIMEOUT_MS || ms < SDK_TIMEOUT_MS * 0.8) return real.setTimeout(fn, ms, ...args);
    const timer = {};
    cancels.set(timer, socketClock.after(ms, fn));
    return timer;
  };
  const clear = (timer: NodeJS.Timeout | undefined): void => (cancels.get(timer) ?? (() => real.clearTimeout(timer)))();
  Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  afterTest(() => Object.assign(globalThis, real));
}

/** Waits, for a server. */
export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    socketClock.after(ms, resolve);
  });
