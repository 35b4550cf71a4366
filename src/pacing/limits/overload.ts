import type { LinkedList } from '../../core/linked-list.ts';
import { RefusalTime } from './refusal-time.ts';
import type { SentAttempt } from './sent-attempt.ts';

type Sent = Pick<SentAttempt, 'sequence' | 'inFlight' | 'sentAt'>;

/** Fewer in flight than this part of what was served lately are not too many. */
const AS_MANY = 0.6;
/** The most served is that of the last one to two spans. */
const SPAN_MS = 30_000;
/** Two refused of so many attempts in a row are no chance; three where attempts are refused with few in flight, too. */
const CLOSE = 4;
/** Fewer in flight than this part of what was served lately are few. */
const FEW = 0.4;
/** Part of those in flight before a refused one that must still be unanswered: a server that is down has refused them too. */
const AHEAD = 0.15;
/** An attempt that takes so many times as long as a refusal is being served. */
const OUTLASTS = 3;

/** Times that fewer in flight may not have helped, since what is served shows only after some refusals. */
const IN_VAIN = 1;

/**
 * Whether a server that says "overloaded" has a limit on attempts in flight: it then refuses what comes while more are in
 * flight than it has served, and serves what comes once fewer are. A server that is down serves no more for that.
 */
export class Overload {
  readonly #inFlight: LinkedList<SentAttempt>;
  /** Most in flight at an attempt served in this span and in the one before. */
  #most = 0;
  #mostBefore = 0;
  #spanFrom = 0;
  /** The newest attempt that had outlasted refusals. */
  #outlastedUpTo = 0;
  readonly #refusalTime = new RefusalTime();
  #lastRefused: readonly [before: number, last: number] = [-Infinity, -Infinity];
  /** Fewest in flight at an attempt refused in this span. */
  #fewest = Infinity;
  /** The newest attempt sent when the limit was last lowered, and how many were in flight. */
  #loweredAt = 0;
  #tooMany = 0;
  /** Whether any sent since then was served. */
  #wasServed = true;
  #inVain = 0;
  #believed = false;
  #contradicted = false;

  /** `inFlight`: the lane's attempts that are not over, in the order of sending. */
  constructor(inFlight: LinkedList<SentAttempt>) {
    this.#inFlight = inFlight;
  }

  served({ sequence, inFlight }: Sent, now: number): void {
    this.#age(now);
    this.#most = Math.max(this.#most, inFlight);
    if (sequence > this.#loweredAt) this.#wasServed = true;
    if (!this.#believed || AS_MANY * inFlight <= this.#tooMany) return;
    this.#believed = false;
    this.#contradicted = true;
  }

  /** Whether the belief has ended since the last time, because an attempt with many more in flight was served. */
  wasContradicted(): boolean {
    const contradicted = this.#contradicted;
    this.#contradicted = false;
    return contradicted;
  }

  /** An attempt was refused. Returns whether too many were in flight. `newest`: sequence number of the newest attempt. */
  refused({ sequence, inFlight, sentAt }: Sent, newest: number, now: number): boolean {
    this.#age(now);
    this.#refusalTime.refused(sentAt, now);
    this.#outlast(now);
    if (sequence <= this.#loweredAt) return this.#believed;
    const [before, last] = this.#lastRefused;
    const closeTo = this.#fewest < FEW * this.#most ? before : last;
    const isClose = Math.abs(sequence - closeTo) < CLOSE;
    this.#lastRefused = [last, sequence];
    this.#fewest = Math.min(this.#fewest, inFlight);
    if (!isClose && inFlight !== this.#tooMany) return false;
    const ahead = this.#ahead(sequence);
    this.#inVain = this.#wasServed ? 0 : this.#inVain + 1;
    const many = inFlight > AS_MANY * Math.max(this.#most, this.#mostBefore);
    this.#believed = many && ahead > 0 && ahead >= AHEAD * (inFlight - 1) && this.#inVain <= IN_VAIN;
    this.#wasServed = false;
    this.#loweredAt = newest;
    this.#tooMany = inFlight;
    return this.#believed;
  }

  /** Attempts that have outlasted refusals are being served. */
  #outlast(now: number): void {
    for (let attempt = this.#inFlight.first; attempt; attempt = attempt.after) {
      if (now - attempt.sentAt < OUTLASTS * this.#refusalTime.averageMs) break;
      if (attempt.answered || attempt.sequence <= this.#outlastedUpTo) continue;
      this.#outlastedUpTo = attempt.sequence;
      this.served(attempt, now);
    }
  }

  /** How many sent before are unanswered. */
  #ahead(sequence: number): number {
    let ahead = 0;
    for (let attempt = this.#inFlight.first; attempt && attempt.sequence < sequence; attempt = attempt.after) {
      if (!attempt.answered) ahead++;
    }
    return ahead;
  }

  #age(now: number): void {
    if (now - this.#spanFrom < SPAN_MS) return;
    this.#mostBefore = now - this.#spanFrom < 2 * SPAN_MS ? this.#most : 0;
    this.#most = 0;
    this.#fewest = Infinity;
    this.#spanFrom = now;
  }
}
