import {
  settled as flush,
  VirtualClock as JumpingClock,
  type VirtualClockOptions,
} from '../../src/hits/replay/virtual-clock.ts';

/** A millisecond or more apart. */
const MAX_LOOKS = 5_000;

/** A clock that only moves when a test moves it. */
export class VirtualClock extends JumpingClock {
  #wallJump = 0;
  readonly #pending = { referenced: 0, unreferenced: 0 };

  /** @param options The initial time is odd by default, to expose code that takes 0 for "now". */
  constructor(options: VirtualClockOptions = {}) {
    super({ now: 1_234.5, ...options });
  }

  override wall(): number {
    return super.wall() + this.#wallJump;
  }

  override after(ms: number, fn: () => void, options?: { readonly unref?: boolean }): () => void {
    const kind = options?.unref ? 'unreferenced' : 'referenced';
    let isPending = true;
    const leave = (): void => {
      if (isPending) this.#pending[kind]--;
      isPending = false;
    };
    this.#pending[kind]++;
    const cancel = super.after(ms, () => {
      leave();
      fn();
    });
    return () => {
      leave();
      cancel();
    };
  }

  /** Number of timers; with `referenced` only those that would keep a process alive. */
  pending(kind: 'all' | 'referenced' = 'all'): number {
    const { referenced, unreferenced } = this.#pending;
    return kind === 'all' ? referenced + unreferenced : referenced;
  }

  /** Milliseconds until the next timer; undefined when there is none. */
  nextIn(): number | undefined {
    return this.nextAt === undefined ? undefined : Math.max(0, this.nextAt - this.now());
  }

  /**
   * Waits in real time until something received over a socket has set a timer for `ms` from now; virtual time stands
   * still meanwhile.
   */
  async hasTimerIn(ms: number): Promise<void> {
    for (let looks = 0; this.nextIn() !== ms; looks++) {
      if (looks === MAX_LOOKS) throw new Error(`Expected a timer for ${ms} ms from now, got ${this.nextIn()}`);
      await new Promise<void>((resolve) => {
        timeout(resolve, 1);
      });
      await this.advance(0);
    }
  }

  /** Steps the wall clock only, as an NTP correction does. */
  jumpWall(ms: number): void {
    this.#wallJump += ms;
  }

  /** Advances the time, running due timers in order and letting promises settle after each of them. */
  async advance(ms: number): Promise<void> {
    const until = this.now() + ms;
    await flush();
    while (this.nextAt !== undefined && this.nextAt <= until) {
      this.runNext();
      await flush();
    }
    this.passUntil(until);
    await flush();
  }

  /** Runs timers in order until none is left. @throws when more than `maxMs` would pass. */
  async runAll(maxMs = 3_600_000): Promise<void> {
    const until = this.now() + maxMs;
    await flush();
    for (let at = this.nextAt; at !== undefined; at = this.nextAt) {
      if (at > until) throw new Error(`A timer is still set for ${at - this.now()} ms from now`);
      await this.advance(Math.max(0, at - this.now()));
    }
  }
}

// Bound at import, so that a test that fakes timers does not stop the wait for a socket.
const { setTimeout: timeout } = globalThis;

export { flush };
