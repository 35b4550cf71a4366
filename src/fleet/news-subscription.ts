import type { FleetStore, News } from './fleet-store.ts';
import type { ExchangeSchedule } from './exchange-schedule.ts';

interface NewsHost {
  onNews(news: News): void;
  /** News no longer arrives: anything missed must be asked for. */
  onSilence(): void;
}

/** Subscribes to a lane's news if there are so many processes that each seldom contacts the store. */
export class NewsSubscription {
  readonly #store: FleetStore;
  readonly #lane: string;
  readonly #timing: ExchangeSchedule;
  readonly #host: NewsHost;
  #unlisten: (() => void) | undefined;

  constructor(store: FleetStore, lane: string, timing: ExchangeSchedule, host: NewsHost) {
    this.#store = store;
    this.#lane = lane;
    this.#timing = timing;
    this.#host = host;
  }

  listenInCrowds(): void {
    if (this.#unlisten || !this.#timing.isCrowded) return;
    this.#unlisten = this.#store.listen?.(this.#lane, {
      onHears: (hears) => {
        const heard = this.#timing.hears;
        this.#timing.hears = hears;
        if (heard && !hears) this.#host.onSilence();
      },
      onNews: (news) => this.#host.onNews(news),
    });
  }

  end(): void {
    this.#unlisten?.();
  }
}
