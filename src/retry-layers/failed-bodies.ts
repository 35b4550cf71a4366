import { keepNewest } from '../core/keep-newest.ts';

/** Retry layers wait for seconds; a later repetition is a person, or a job that starts over. */
const WINDOW_MS = 30_000;
/** Maximum number of remembered bodies: an outage may fail thousands within the window. */
const MAX_BODIES = 512;
/** Two calls whose interval matches the previous one to this share come from a timer. */
const SAME_INTERVAL = 0.05;
/** Shorter intervals may be equal by chance. */
const MIN_INTERVAL_MS = 200;

/** Calls with the same body, each of which began after the previous one was given up. */
interface Chain {
  /** When the last one began. */
  readonly began: number;
  /** Number of repetitions. */
  readonly times: number;
  /** Time between the beginnings of the last two. */
  readonly intervalMs: number | undefined;
  /** Whether the body is repeated regardless of failures, as by a poll. */
  readonly own: boolean;
}

interface Known {
  /** When one of them was last given up. */
  readonly at: number;
  readonly chain: Chain;
}

/** A call that repeats one which was given up. */
export interface Repetition {
  readonly sinceMs: number;
  /** Number of consecutive repetitions. */
  readonly times: number;
  /** Whether the body is repeated regardless of failures. */
  readonly own: boolean;
}

/** Digests of the bodies that were given up recently, by lane. Empty, and free of cost, while nothing fails. */
export class FailedBodies {
  /** Given up and not repeated yet, in the order in which they were given up. */
  readonly #waiting = new Map<string, Known>();
  /** Repeated, in that order. */
  readonly #sent = new Map<string, Known>();
  /** When the last of those was sent. */
  #sentAt = -Infinity;

  /** Whether none of them matters to a call that begins now. */
  isEmpty(now: number): boolean {
    return this.#waiting.size === 0 && now - this.#sentAt > WINDOW_MS;
  }

  /** @param began when the call that is now given up began */
  add(lane: string, digest: string, began: number, now: number): void {
    this.#forget(now);
    const key = keyOf(lane, digest);
    const last = this.#waiting.get(key) ?? this.#sent.get(key);
    // A retry starts after the failure; this call was under way when another with the same body was given up.
    const own = last !== undefined && (last.chain.own || began < last.at);
    const chain = last?.chain.began === began ? last.chain : { began, times: 0, intervalMs: undefined };
    this.#sent.delete(key);
    keepNewest(this.#waiting, key, { at: now, chain: { ...chain, own } }, MAX_BODIES);
  }

  /** A call begins. @returns what it repeats, once; undefined if nothing */
  take(lane: string, digest: string, began: number): Repetition | undefined {
    this.#forget(began);
    const key = keyOf(lane, digest);
    const known = this.#waiting.get(key);
    if (known === undefined) {
      this.#repeatedAnyway(key, began);
      return undefined;
    }
    this.#waiting.delete(key);
    const { at, chain } = known;
    const intervalMs = began - chain.began;
    const own = chain.own || isTimer(chain.intervalMs, intervalMs);
    const times = chain.times + 1;
    this.#send(key, { at, chain: { began, times, intervalMs, own } });
    return { sinceMs: began - at, times, own };
  }

  /** The previous call succeeded or is still running: a body that comes anyway is no retry, now or the next time. */
  #repeatedAnyway(key: string, began: number): void {
    const sent = this.#sent.get(key);
    if (sent) this.#send(key, { at: sent.at, chain: { ...sent.chain, began, own: true } });
  }

  #send(key: string, known: Known): void {
    this.#sentAt = known.chain.began;
    keepNewest(this.#sent, key, known, MAX_BODIES);
  }

  #forget(now: number): void {
    for (const [key, { at }] of this.#waiting) {
      if (now - at <= WINDOW_MS) return;
      this.#waiting.delete(key);
    }
  }
}

function isTimer(before: number | undefined, intervalMs: number): boolean {
  return before !== undefined && before >= MIN_INTERVAL_MS && Math.abs(intervalMs - before) <= SAME_INTERVAL * before;
}

function keyOf(lane: string, digest: string): string {
  return `${lane}\n${digest}`;
}
