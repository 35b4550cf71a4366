import { MemoryStore } from '../../src/fleet/memory-store.ts';
import type { FleetStore, Grant, NewsListener, Report } from '../../src/fleet/fleet-store.ts';
import type { VirtualClock } from '../../src/hits/replay/virtual-clock.ts';

export interface Network {
  /** Round trip to the store. */
  readonly delayMs?: number;
  /** During this time the store accepts requests and answers none; it answers all of them afterwards. */
  readonly frozen?: { readonly fromMs: number; readonly untilMs: number };
  /** What happens to an exchange; by default it is answered. */
  readonly fate?: (now: number) => 'answered' | 'lost' | 'answer lost' | 'late' | 'refused';
}

const LATE_MS = 3_000;

/** All lanes belong to one account, and the store is across a network. */
export class RemoteStore implements FleetStore {
  /** Times of the requests. */
  readonly asked: number[] = [];
  readonly #store: MemoryStore;
  readonly #clock: VirtualClock;
  readonly #delayMs: number;
  readonly #fate: NonNullable<Network['fate']>;
  readonly #frozen: NonNullable<Network['frozen']>;

  constructor(
    clock: VirtualClock,
    { delayMs = 1, fate = () => 'answered', frozen = { fromMs: 0, untilMs: 0 } }: Network,
  ) {
    this.#clock = clock;
    this.#store = new MemoryStore(clock);
    this.#delayMs = delayMs;
    this.#fate = fate;
    this.#frozen = frozen;
  }

  exchange(_lane: string, report: Report): Promise<Grant> {
    this.asked.push(this.#clock.now());
    const fate = this.#fate(this.#clock.now());
    return new Promise((resolve, reject) => {
      if (fate === 'lost') return;
      this.#clock.after(this.#frozenMs + this.#delayMs / 2 + (fate === 'late' ? LATE_MS : 0), () => {
        if (fate === 'refused') {
          reject(new Error('refused'));
          return;
        }
        const answer = this.#store.exchange('lane', report);
        if (fate === 'answer lost') return;
        this.#clock.after(this.#delayMs / 2, () => void answer.then(resolve, reject));
      });
    });
  }

  /** Duration of the freeze. */
  get #frozenMs(): number {
    const now = this.#clock.now();
    return now < this.#frozen.fromMs ? 0 : Math.max(0, this.#frozen.untilMs - now);
  }

  listen(_lane: string, { onHears, onNews }: NewsListener): () => void {
    const later =
      <T>(told: (what: T) => void) =>
      (what: T) =>
        void this.#clock.after(this.#delayMs / 2, () => told(what));
    return this.#store.listen('lane', { onHears: later(onHears), onNews: later(onNews) });
  }
}
