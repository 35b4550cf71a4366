import type { LinkedList } from '../../core/linked-list.ts';
import { RefusalTime } from './refusal-time.ts';
import type { SentAttempt } from './sent-attempt.ts';

const ENOUGH = 2;
/** Weight of the comparisons so far when one is added. */
const MEMORY = 0.9;
/** Comparisons against the number in flight, for each in favour of it, that it may still explain by chance. */
const BY_CHANCE = 0.25;

/** A refusal is compared with what is let through in this time. */
const COMPARED_MS = 30_000;

type Sent = Pick<SentAttempt, 'sequence' | 'sentAt'>;

interface Refused extends Sent {
  /** How many before it were still in flight when it was refused. */
  readonly before: number;
  /** Whether something was let through after it, with fewer before that. */
  isFewer: boolean;
}

/**
 * Whether refusals depend on the number in flight: then nothing is let through after a refused attempt with as many
 * before it that are still in flight. A limit on the rate lets it through once time has passed; a refusal by chance, at
 * once.
 */
export class LoadEvidence {
  readonly #inFlight: LinkedList<SentAttempt>;
  readonly #refusalTime = new RefusalTime();
  /** Of the refusals since anything was let through, that with the fewest in flight before it. */
  #refused: Refused | undefined;
  /** The newest attempt that was compared with it. */
  #comparedTo = 0;
  #fewer = 0;
  #asMany = 0;

  /** `inFlight`: the lane's attempts whose answers are not over, bodies included, in the order of sending. */
  constructor(inFlight: LinkedList<SentAttempt>) {
    this.#inFlight = inFlight;
  }

  /** The number in flight explains the refusals. */
  get explains(): boolean {
    return this.#fewer >= ENOUGH && this.#asMany < BY_CHANCE * this.#fewer;
  }

  /** Something else does. */
  get contradicts(): boolean {
    return this.#asMany >= ENOUGH && this.#asMany > this.#fewer;
  }

  served({ sequence }: Sent): void {
    if (!this.#refused || sequence <= this.#refused.sequence) return;
    this.#compare(this.#refused, this.#before(sequence));
  }

  refused({ sequence, sentAt }: Sent, now: number): void {
    this.#refusalTime.refused(sentAt, now);
    this.look(now);
    const before = this.#before(sequence);
    if (this.#refused && !this.#refused.isFewer && before > this.#refused.before) return;
    this.#refused = { sequence, sentAt, before, isFewer: false };
    this.#comparedTo = sequence;
  }

  #before(sequence: number): number {
    let before = 0;
    for (let each = this.#inFlight.first; each && each.sequence < sequence; each = each.after) before++;
    return before;
  }

  /** Compares what was let through after the refused attempt. Call it at each attempt. */
  look(now: number): void {
    const refused = this.#refused;
    if (!refused) return;
    if (now - refused.sentAt > COMPARED_MS) {
      this.#refused = undefined;
      return;
    }
    const { waitMs } = this.#refusalTime;
    let before = 0;
    for (let each = this.#inFlight.first; each; each = each.after) {
      if (now - each.sentAt < waitMs) return;
      if (each.sequence > this.#comparedTo) {
        this.#comparedTo = each.sequence;
        if (this.#compare(refused, before)) return;
      }
      before++;
    }
  }

  /** An attempt was let through with so many before it. Returns whether no more is to be compared. */
  #compare(refused: Refused, before: number): boolean {
    if (before < refused.before) {
      // A single one in flight may as well be the one that came just before.
      if (!refused.isFewer && refused.before > 1) this.#count(1, 0);
      refused.isFewer = true;
      return false;
    }
    // Fewer were, but only because of what we made of the refusal.
    if (refused.isFewer && refused.before > 1) this.#fewer = Math.max(0, this.#fewer - 1);
    this.#count(0, 1);
    this.#refused = undefined;
    return true;
  }

  #count(fewer: number, asMany: number): void {
    this.#fewer = MEMORY * this.#fewer + fewer;
    this.#asMany = MEMORY * this.#asMany + asMany;
  }
}
