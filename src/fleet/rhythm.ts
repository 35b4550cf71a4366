import { CROWD, cycleMs, TURN_MS } from './turn-time.ts';

/** A lease is renewed this often: a pause or a cut is known everywhere within it. */
const RENEW_MS = 470;
/** Who does not hear of a pause or of a cut waits no longer than this. */
const DEAF_MS = 2_000;
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
  /** Whether it has granted anything. */
  readonly granted: boolean;
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
    return now - this.#usedAt < (this.hears && this.isCrowded ? QUIET_MS : KEEP_MS);
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
    return Math.max(this.#comeAt, this.#lastAt + this.renewMs);
  }

  /** How often a lease is renewed. */
  get renewMs(): number {
    if (!this.hears) return RENEW_MS;
    return Math.max(RENEW_MS, Math.min(this.longestMs, cycleMs(this.active)));
  }

  /** Whether the next exchange may be far: what others must know is told before. */
  get comesSeldom(): boolean {
    return this.renewMs > RENEW_MS || this.active > CROWD;
  }

  /** Whether so many come that to hear is of use. */
  get isCrowded(): boolean {
    return cycleMs(this.active) > RENEW_MS;
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
  answered({ sentAt, waitMs, granted, news, limits }: Answered, now: number): number {
    this.#failures = 0;
    this.#comeAt = waitMs > 0 ? now + Math.min(waitMs, this.hears ? Infinity : DEAF_MS) : 0;
    if (news) return sentAt + this.#tellingMs;
    // Who has got something has it to spend until it is his turn again.
    if (waitMs > 0) return Math.max(this.#comeAt, sentAt + (granted ? this.renewMs : this.#spacingMs));
    if (this.keeps(now)) {
      if (!limits) return sentAt + Math.min(RENEW_MS, 2 * TURN_MS * this.fleet);
      // Who has leased nothing has nothing to give back.
      return sentAt + (granted ? this.renewMs : Math.max(this.renewMs, this.hears ? cycleMs(this.active) : 0));
    }
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
    return Math.min(this.renewMs, cycleMs(Math.max(1, this.active)));
  }
}
