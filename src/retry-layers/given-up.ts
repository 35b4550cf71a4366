import { keepNewest } from '../core/keep-newest.ts';

/** A retry layer waits seconds before it sends again; what comes later is a person, or a job that starts over. */
const WINDOW_MS = 30_000;
/** Bodies that are remembered: an outage may fail thousands within the window. */
const MAX_BODIES = 512;
/** Two calls of one body as far apart as the two before them, to this share, are a timer's. */
const SAME_INTERVAL = 0.05;
/** Below it intervals are equal by chance. */
const MIN_INTERVAL_MS = 200;

/** Calls of one body, each of which began after the one before it was given up. */
interface Chain {
  /** When the last of them began. */
  readonly began: number;
  /** How many came again. */
  readonly times: number;
  /** Between the beginnings of the last two. */
  readonly intervalMs: number | undefined;
  /** Whether the body is asked for its own sake, again and again, whatever becomes of it. */
  readonly own: boolean;
}

interface Known {
  /** When one of them was last given up. */
  readonly at: number;
  readonly chain: Chain;
}

/** A call that came again after one of the same body was given up. */
export interface Again {
  readonly sinceMs: number;
  /** How many have come again in a row. */
  readonly times: number;
  /** Whether its body comes by itself, and not because another was given up. */
  readonly own: boolean;
}

/** Digests of the bodies that were given up lately, by lane. Empty, and free, while nothing fails. */
export class GivenUp {
  /** Given up and not sent again yet, in the order in which they were given up. */
  readonly #waiting = new Map<string, Known>();
  /** Sent again, in the order in which they were. */
  readonly #sent = new Map<string, Known>();
  /** When the last of those was sent. */
  #sentAt = -Infinity;

  /** Whether any of them matters yet to a call that begins now. */
  isEmpty(now: number): boolean {
    return this.#waiting.size === 0 && now - this.#sentAt > WINDOW_MS;
  }

  /** @param began when the call began that is given up now */
  add(lane: string, digest: string, began: number, now: number): void {
    this.#forget(now);
    const key = keyOf(lane, digest);
    const last = this.#waiting.get(key) ?? this.#sent.get(key);
    // Who retries waits until a call has failed: this one was under way when another of its kind was given up.
    const own = last !== undefined && (last.chain.own || began < last.at);
    const chain = last?.chain.began === began ? last.chain : { began, times: 0, intervalMs: undefined };
    this.#sent.delete(key);
    keepNewest(this.#waiting, key, { at: now, chain: { ...chain, own } }, MAX_BODIES);
  }

  /** A call begins. @returns what came before it, once; undefined where that is nothing */
  take(lane: string, digest: string, began: number): Again | undefined {
    this.#forget(began);
    const key = keyOf(lane, digest);
    const known = this.#waiting.get(key);
    if (known === undefined) {
      this.#cameAnyway(key, began);
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

  /** The call before was answered, or goes on: a body that comes all the same is no retry, now or when it comes next. */
  #cameAnyway(key: string, began: number): void {
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
