import { CROWD, cycleMs, TURN_MS } from './turn-time.ts';

/** Renewal interval of a lease: a pause or a cut limit is known everywhere within it. */
const RENEW_MS = 470;
/** Longest interval of a process that does not receive news. */
const DEAF_MS = 2_000;
/** Unneeded exchanges that may be saved up, so that the first call after a while need not wait. */
const SAVED = 2;
/** A lane keeps a reserve for this long after its last call; later its first call asks. */
const KEEP_MS = 10_000;
/** If no call has come for this long, the waiting ones are the last for now. */
const QUIET_MS = 2_000;
/** News has been acted on within this time. */
const NEWS_MS = 400;
const HEARTBEAT_MS = 3_000;
/** A lane unused for this long leaves the fleet. */
const REST_MS = 600_000;
/** A failed store is asked again after this; the delay doubles each time. */
const RETRY_MS = 250;
const MAX_RETRY_MS = 1_000;

export interface Answered {
  readonly sentAt: number;
  /** Delay that the store asked for; 0 if none. */
  readonly waitMs: number;
  /** Whether it has granted anything. */
  readonly granted: boolean;
  /** Whether anything is unreported. */
  readonly news: boolean;
  /** Whether any limit is known. */
  readonly limits: boolean;
}

/** When a process asks the store. */
export class ExchangeSchedule {
  /** Number of processes that want something. */
  active = 1;
  /** Whether it receives urgent news at once. */
  hears = false;
  /** No limit can be leased for longer. */
  longestMs: number = Infinity;
  /** Number of processes in the fleet. */
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

  /** Whether no call has come for a while, judged by the total that have come. */
  ends(arrived: number, now: number): boolean {
    if (arrived !== this.#arrived) this.#arrivedAt = now;
    this.#arrived = arrived;
    return now - this.#arrivedAt >= QUIET_MS;
  }

  used(now: number): void {
    this.#usedAt = now;
  }

  /** Whether to keep a reserve for future calls. */
  keeps(now: number): boolean {
    return now - this.#usedAt < (this.hears && this.isCrowded ? QUIET_MS : KEEP_MS);
  }

  asked(now: number): void {
    this.#lastAt = now;
    this.#spacedAt = Math.max(now, this.#spacedAt) + this.#spacingMs;
  }

  /** Earliest time to ask for more. */
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

  /** Whether exchanges may be far apart: anything urgent is reported earlier. */
  get comesSeldom(): boolean {
    return this.renewMs > RENEW_MS || this.active > CROWD;
  }

  /** Whether there are so many processes that receiving news pays. */
  get isCrowded(): boolean {
    return cycleMs(this.active) > RENEW_MS;
  }

  /** When to ask after news received at `at`: spread like exchanges, so that processes do not all ask at once. */
  afterNews(at: number, now: number): number {
    return now + Math.max(0, at - now) * Math.min(1, NEWS_MS / this.renewMs);
  }

  /** When to report something urgent. */
  get telling(): number {
    return this.#lastAt + this.#tellingMs;
  }

  /** When to ask again after an answer; Infinity for never. */
  answered({ sentAt, waitMs, granted, news, limits }: Answered, now: number): number {
    this.#failures = 0;
    this.#comeAt = waitMs > 0 ? now + Math.min(waitMs, this.hears ? Infinity : DEAF_MS) : 0;
    if (news) return sentAt + this.#tellingMs;
    // A process that was granted something can spend it until its next turn.
    if (waitMs > 0) return Math.max(this.#comeAt, sentAt + (granted ? this.renewMs : this.#spacingMs));
    if (this.keeps(now)) {
      if (!limits) return sentAt + Math.min(RENEW_MS, 2 * TURN_MS * this.fleet);
      // A process without a lease has nothing to return.
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
