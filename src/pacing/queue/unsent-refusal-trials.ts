import type { AdmissionRefused } from '../../core/admission.ts';
import type { Failure, Outcome } from '../../core/outcome.ts';
import { keepNewest } from '../../core/keep-newest.ts';
import { refusalWaitMs } from '../limits/refusal-wait.ts';
import { isRefusal, Trials } from './trials.ts';

const FIRST_MS = 2_000;
const MAX_MS = 60_000;
const MAX_BELIEFS = 16;
/** Longest time that a trial waits for the outcome of the previous one. */
const MAX_PATIENCE_MS = 2_000;

/** The belief that refuses a call unsent. */
type Belief = Pick<AdmissionRefused, 'reason' | 'dimension' | 'limit'>;

interface Trial {
  readonly belief: Belief;
  readonly sentAt: number;
}

/**
 * Calls refused unsent, because they exceed a believed limit or would wait too long, teach nothing. Occasionally one is
 * sent anyway to test the belief, always before the first is refused unsent, since a single refusal may have been
 * wrong.
 */
export class UnsentRefusalTrials extends Trials {
  #trialAt = 0;
  /** By belief: whether a trial was refused, and none has been served since. */
  readonly #confirmed = new Map<string, boolean>();
  /** Trials that may still be refused, in the order of sending. */
  readonly #tried = new Map<number, Trial>();
  /** How long the last refusal took. */
  #refusalMs = 0;

  constructor() {
    super(FIRST_MS, MAX_MS);
  }

  isConfirmed(belief: Belief): boolean {
    return this.#confirmed.get(keyOf(belief)) === true;
  }

  /** Whether a call may go despite this belief. `isTold`: the provider's answers keep stating the limit. */
  allows(belief: Belief, isTold: boolean, now: number): boolean {
    this.#hear(now);
    const key = keyOf(belief);
    if (!this.#confirmed.has(key)) {
      keepNewest(this.#confirmed, key, isTold, MAX_BELIEFS);
      this.#trialAt = isTold ? now + this.everyMs : now;
    }
    return now >= this.#trialAt && this.hasRoom;
  }

  /** When to ask again: the next trial may go then, or the outcome of one is known. */
  nextAt(now: number): number {
    if (this.hasRoom) return Math.max(now + 1, this.#trialAt);
    const [oldest] = this.#tried.values();
    return oldest ? Math.max(now + 1, oldest.sentAt + refusalWaitMs(this.#refusalMs, MAX_PATIENCE_MS)) : Infinity;
  }

  /** The call at this place is sent despite this belief. */
  sent(place: number, belief: Belief, now: number): void {
    this.tries(place);
    this.#tried.set(place, { belief, sentAt: now });
    this.#trialAt = now + this.everyMs;
  }

  /** An attempt that was sent at `sentAt` ended. */
  settled(place: number, outcome: Outcome, failure: Failure | undefined, sentAt: number, now: number): void {
    if (isRefusal(outcome)) this.#refusalMs = now - sentAt;
    const trial = this.#tried.get(place);
    if (!trial) return;
    const isRefused = failure !== undefined && confirms(failure, trial.belief);
    // A refusal by another limit proves nothing about this one.
    if (outcome === 'ok' || isRefused) {
      this.#confirmed.set(keyOf(trial.belief), isRefused);
      this.ended(place, outcome);
    }
    this.forget(place);
    this.#trialAt = now + this.everyMs;
  }

  override forget(place: number): void {
    super.forget(place);
    this.#tried.delete(place);
  }

  #hear(now: number): void {
    for (const [place, { sentAt }] of this.#tried) {
      if (now < sentAt + refusalWaitMs(this.#refusalMs, MAX_PATIENCE_MS)) return;
      this.settled(place, 'ok', undefined, sentAt, now);
    }
  }
}

function keyOf({ reason, dimension, limit }: Belief): string {
  return `${reason} ${dimension} ${limit}`;
}

function confirms({ outcome, dimension }: Failure, belief: Belief): boolean {
  return isRefusal(outcome) && (dimension === belief.dimension || outcome === belief.reason);
}
