const SAMPLES = 32;
/** A call that is sent with less time than nine of ten answers took would mostly be cut by its deadline. */
const QUANTILE = 0.9;
/** Of its whole time a call may wait a tenth even where answers take longer than all of it. */
const MAX_SHARE = 0.9;
/** So much earlier than one that was answered, an attempt met a provider that may have been well since. */
const STALE_MS = 5_000;

interface Sample {
  readonly sentAt: number;
  readonly tookMs: number;
  /** By its deadline: nobody knows what it would have taken. */
  readonly cut: boolean;
}

/**
 * How long a lane's latest attempts took, and so how late a call with a deadline may still be sent.
 * In a queue longer than its deadlines, first come first served would else send each call just before its end.
 */
export class AnswerTime {
  readonly #samples: Sample[] = [];
  #next = 0;
  #quantileMs: number | undefined;
  /** When the latest of the attempts was sent that were answered. */
  #answeredFrom = -Infinity;

  answered(sentAt: number, now: number): void {
    this.#answeredFrom = Math.max(this.#answeredFrom, sentAt);
    this.#add({ sentAt, tookMs: now - sentAt, cut: false });
  }

  /** It would have taken longer than this, nobody knows by how much. */
  cut(sentAt: number, now: number): void {
    const sample = { sentAt, tookMs: 2 * (now - sentAt), cut: true };
    if (this.#counts(sample)) this.#add(sample);
  }

  /**
   * Latest time at which a call that comes now should be sent. Never in the past: who need not wait is sent whatever
   * is believed here, so that new answers can correct it.
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

  /** In a lane of few calls new answers would else take minutes to outnumber those that an outage cut. */
  #counts({ cut, sentAt }: Sample): boolean {
    return !cut || sentAt >= this.#answeredFrom - STALE_MS;
  }
}
