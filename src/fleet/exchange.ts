import type { Clock } from '../core/clock.ts';
import type { FleetStore, Grant, Report } from './fleet-store.ts';
import { Timer } from './timer.ts';

/** How long calls wait for a store that has worked before. */
export const PATIENCE_MS = 500;
const GRACE_MS = 20;

export interface Asked {
  onGrant(report: Report, grant: Grant, sentAt: number): void;
  onFailure(error: unknown, sentAt: number): void;
}

/** Sends reports to a store, one at a time, and gives up if no answer comes: a later one is ignored. */
export class Exchange {
  /** When the unanswered report was sent; undefined if there is none. */
  askedAt: number | undefined;
  readonly #store: FleetStore;
  readonly #lane: string;
  readonly #clock: Clock;
  readonly #patience: Timer;
  #serial = 0;

  constructor(store: FleetStore, lane: string, clock: Clock) {
    this.#store = store;
    this.#lane = lane;
    this.#clock = clock;
    this.#patience = new Timer(clock);
  }

  ask(report: Report, { onGrant, onFailure }: Asked): void {
    const sentAt = this.#clock.now();
    const serial = ++this.#serial;
    this.askedAt = sentAt;
    const ends = (): boolean => {
      if (serial !== this.#serial || this.askedAt === undefined) return false;
      this.askedAt = undefined;
      this.#patience.clear();
      return true;
    };
    const giveUp = (): void => {
      if (ends()) onFailure(new Error(`No answer within ${PATIENCE_MS} ms`), sentAt);
    };
    // A process whose event loop was blocked first reads an answer that has already arrived.
    this.#patience.set(sentAt + PATIENCE_MS, () => this.#patience.set(this.#clock.now() + GRACE_MS, giveUp));
    let asked: Promise<Grant>;
    try {
      asked = this.#store.exchange(this.#lane, report);
    } catch (error) {
      asked = Promise.reject(error);
    }
    asked.then(
      (grant) => {
        if (ends()) onGrant(report, grant, sentAt);
      },
      (error: unknown) => {
        if (ends()) onFailure(error, sentAt);
      },
    );
  }

  /** Reports without waiting for an answer: leases are returned, or reclaimed when they are not renewed. */
  async tell(report: Report): Promise<void> {
    try {
      await this.#store.exchange(this.#lane, report);
    } catch {
      // No one waits for the answer.
    }
  }

  /** Ignores all further answers. */
  end(): void {
    this.#serial++;
    this.askedAt = undefined;
    this.#patience.clear();
  }
}
