import type { FleetStore, News } from './protocol.ts';
import type { Rhythm } from './rhythm.ts';

interface NewsHost {
  onNews(news: News): void;
  /** News no longer arrives: anything missed must be asked for. */
  onSilence(): void;
}

/** Subscribes to a lane's news if there are so many processes that each seldom contacts the store. */
export class NewsWire {
  readonly #store: FleetStore;
  readonly #lane: string;
  readonly #rhythm: Rhythm;
  readonly #host: NewsHost;
  #unlisten: (() => void) | undefined;

  constructor(store: FleetStore, lane: string, rhythm: Rhythm, host: NewsHost) {
    this.#store = store;
    this.#lane = lane;
    this.#rhythm = rhythm;
    this.#host = host;
  }

  listenInCrowds(): void {
    if (this.#unlisten || !this.#rhythm.isCrowded) return;
    this.#unlisten = this.#store.listen?.(this.#lane, {
      onHears: (hears) => {
        const heard = this.#rhythm.hears;
        this.#rhythm.hears = hears;
        if (heard && !hears) this.#host.onSilence();
      },
      onNews: (news) => this.#host.onNews(news),
    });
  }

  end(): void {
    this.#unlisten?.();
  }
}
