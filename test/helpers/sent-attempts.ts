import { LinkedList } from '../../src/core/linked-list.ts';
import type { SentAttempt } from '../../src/pacing/limits/sent-attempt.ts';

/** A mutable attempt in flight. */
export type TestAttempt = { -readonly [key in keyof SentAttempt]: SentAttempt[key] };

/** Attempts of a lane that are not over. */
export class SentAttempts {
  readonly list: LinkedList<SentAttempt> = new LinkedList();

  send(sequence: number, sentAt: number, inFlight = 1): TestAttempt {
    const attempt = { sequence, sentAt, inFlight, answered: false, before: undefined, after: undefined };
    this.list.add(attempt);
    return attempt;
  }
}
