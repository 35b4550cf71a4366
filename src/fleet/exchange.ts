import type { Clock } from '../core/clock.ts';
import type { FleetStore, Grant, Report } from './protocol.ts';
import { Timer } from './timer.ts';

/** So long calls wait for a store that was of use before. */
export const PATIENCE_MS = 500;
const GRACE_MS = 20;

export interface Asked {
  onGrant(report: Report, grant: Grant, sentAt: number): void;
  onFailure(error: unknown, sentAt: number): void;
}

/** Asks a store, one report at a time, and gives up where no answer comes: one that comes later counts for nothing. */
export class Exchange {
  /** When it was asked what it has not answered yet. */
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
    // A process that was busy reads the answer that is there before it gives up.
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

  /** Tells the store without waiting for an answer: what is leased comes back, or is reclaimed when it is not renewed. */
  async tell(report: Report): Promise<void> {
    try {
      await this.#store.exchange(this.#lane, report);
    } catch {
      // Nobody waits for it.
    }
  }

  /** Hears nothing any more. */
  end(): void {
    this.#serial++;
    this.askedAt = undefined;
    this.#patience.clear();
  }
}
