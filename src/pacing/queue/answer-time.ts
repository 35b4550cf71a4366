const SAMPLES = 32;
/** A call with less time left than nine of ten answers took would most likely be cut off by its deadline. */
const QUANTILE = 0.9;
/** Any call may wait a tenth of its time budget, even if answers take longer than the whole of it. */
const MAX_SHARE = 0.9;
/** An attempt sent this much earlier than an answered one is stale: the provider may have recovered since. */
const STALE_MS = 5_000;

interface Sample {
  readonly sentAt: number;
  readonly tookMs: number;
  /** Whether its deadline cut it off, so that its full duration is unknown. */
  readonly cut: boolean;
}

/**
 * How long a lane's latest attempts took, and so how late a call with a deadline may still be sent. Otherwise, in a
 * queue longer than its deadlines, first come, first served would send each call just before its end.
 */
export class AnswerTime {
  readonly #samples: Sample[] = [];
  #next = 0;
  #quantileMs: number | undefined;
  /** When the latest answered attempt was sent. */
  #answeredFrom = -Infinity;

  answered(sentAt: number, now: number): void {
    this.#answeredFrom = Math.max(this.#answeredFrom, sentAt);
    this.#add({ sentAt, tookMs: now - sentAt, cut: false });
  }

  /** An attempt was cut off: it would have taken longer, by an unknown amount. */
  cut(sentAt: number, now: number): void {
    const sample = { sentAt, tookMs: 2 * (now - sentAt), cut: true };
    if (this.#counts(sample)) this.#add(sample);
  }

  /**
   * Latest time at which a call that arrives now should be sent. Never in the past: a call that need not wait is always
   * sent, so that new answers can correct the estimate.
   */
  startBy(deadlineAt: number, now: number): number {
    if (deadlineAt === Infinity) return Infinity;
    return deadlineAt - Math.min(this.#quantile(), MAX_SHARE * Math.max(0, deadlineAt - now));
  }

  #add(sample: Sample): void {
    this.#samples[this.#next] = sample;
    this.#next = (this.#next + 1) % SAMPLES;
    this.#quantileMs = undefined;
  }

  #quantile(): number {
    if (this.#quantileMs === undefined) {
      const took = this.#samples.filter((sample) => this.#counts(sample)).map(({ tookMs }) => tookMs);
      took.sort((a, b) => a - b);
      this.#quantileMs = took[Math.floor(QUANTILE * took.length)] ?? 0;
    }
    return this.#quantileMs;
  }

  /**
   * Drops stale samples. In a lane with few calls, new answers would take minutes to outnumber those cut in an outage.
   */
  #counts({ cut, sentAt }: Sample): boolean {
    return !cut || sentAt >= this.#answeredFrom - STALE_MS;
  }
}
