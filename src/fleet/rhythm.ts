/** A lease is renewed this often: a pause or a cut is known everywhere within it. */
const RENEW_MS = 470;
/** Of all processes of a lane together there are no more exchanges than one in this time, as far as they may come so seldom. */
const SPACING_MS = 65;
/** Who hears of a pause and of a cut without asking need not come sooner than this, as long as buckets last. */
const SELDOM_MS = 3_800;
/** Exchanges that were not needed are saved up, so that the first call after a while need not wait. */
const SAVED = 2;
/** A lane that is used keeps something in hand; later its first call asks. */
const KEEP_MS = 10_000;
/** Where no call has come for so long, those that wait are the last for now. */
const QUIET_MS = 2_000;
/** News has been acted on so soon. */
const NEWS_MS = 400;
const HEARTBEAT_MS = 3_000;
/** A lane that was not used for so long is not of the fleet any more. */
const REST_MS = 600_000;
/** A store that fails is asked again after this, twice as late each time. */
const RETRY_MS = 250;
const MAX_RETRY_MS = 1_000;

export interface Answered {
  readonly sentAt: number;
  /** The store's word of when to come again; 0 where it has none. */
  readonly waitMs: number;
  /** Whether there is something that the store does not know yet. */
  readonly news: boolean;
  /** Whether any limit is known. */
  readonly limits: boolean;
}

/** When a process asks the store. */
export class Rhythm {
  /** Processes that want something. */
  active = 1;
  /** Whether it is told at once what cannot wait. */
  hears = false;
  /** No limit can be leased for longer. */
  longestMs: number = Infinity;
  /** Processes that are there. */
  fleet = 1;
  #usedAt: number;
  #arrived = 0;
  #arrivedAt: number;
  #lastAt = -Infinity;
  /** When the next exchange would be due if they were evenly spaced. */
  #spacedAt = -Infinity;
  #comeAt = 0;
  #failures = 0;

  constructor(now: number) {
    this.#usedAt = now;
    this.#arrivedAt = now;
  }

  /** Whether no call has come for a while, by how many have come in all. */
  ends(arrived: number, now: number): boolean {
    if (arrived !== this.#arrived) this.#arrivedAt = now;
    this.#arrived = arrived;
    return now - this.#arrivedAt >= QUIET_MS;
  }

  used(now: number): void {
    this.#usedAt = now;
  }

  /** Whether something is kept in hand for calls to come. */
  keeps(now: number): boolean {
    return now - this.#usedAt < (this.isSeldom ? QUIET_MS : KEEP_MS);
  }

  asked(now: number): void {
    this.#lastAt = now;
    this.#spacedAt = Math.max(now, this.#spacedAt) + this.#spacingMs;
  }

  /** The soonest that may be asked because more is needed. */
  soonest(now: number): number {
    return Math.max(now, this.#comeAt, this.#spacedAt - SAVED * this.#spacingMs);
  }

  get renewal(): number {
    return this.#lastAt + this.renewMs;
  }

  /** How often a lease is renewed. */
  get renewMs(): number {
    if (!this.hears) return RENEW_MS;
    const longest = Math.min(SELDOM_MS, this.longestMs);
    return Math.max(RENEW_MS, Math.min(longest, SPACING_MS * this.active));
  }

  get isSeldom(): boolean {
    return this.renewMs > RENEW_MS;
  }

  /** Whether so many come that to hear is of use. */
  get isCrowded(): boolean {
    return SPACING_MS * this.active > RENEW_MS;
  }

  /** When to ask after news that asks for it, if `at` was the time: spread as exchanges are. */
  afterNews(at: number, now: number): number {
    return now + Math.max(0, at - now) * Math.min(1, NEWS_MS / this.renewMs);
  }

  /** When to tell what others must hear of. */
  get telling(): number {
    return this.#lastAt + this.#tellingMs;
  }

  /** When to ask again after an answer; Infinity for never. */
  answered({ sentAt, waitMs, news, limits }: Answered, now: number): number {
    this.#failures = 0;
    this.#comeAt = waitMs > 0 ? now + waitMs : 0;
    if (news) return sentAt + this.#tellingMs;
    if (waitMs > 0) return Math.max(this.#comeAt, sentAt + this.#spacingMs);
    if (this.keeps(now)) return sentAt + (limits ? this.renewMs : Math.min(RENEW_MS, 2 * SPACING_MS * this.fleet));
    return this.#rests(now) ? Infinity : sentAt + HEARTBEAT_MS;
  }

  failed(now: number): number {
    const waitMs = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** this.#failures++);
    return this.#rests(now) ? Infinity : now + waitMs;
  }

  #rests(now: number): boolean {
    return now - this.#usedAt >= REST_MS;
  }

  get #tellingMs(): number {
    return Math.min(RENEW_MS, this.#spacingMs);
  }

  get #spacingMs(): number {
    return Math.min(this.renewMs, SPACING_MS * Math.max(1, this.active));
  }
}
