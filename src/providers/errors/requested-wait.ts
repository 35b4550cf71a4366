import { durationAt, timeAt } from '../parse/durations.ts';

/** A wait in a text is a cue followed by a time; a number without a cue does not count. */
interface Cue {
  readonly pattern: string;
  /** Where it was seen. */
  readonly sample: string;
}

/** Cues for when to retry. */
const RETRY_CUES: readonly Cue[] = [
  {
    pattern: 'try(?:ing)? (?:your request |this request |the request |it )?again',
    sample: 'Please try again in 6m0s.',
  },
  { pattern: 'retry[-_ ]?(?:after|delay)', sample: 'retry_after: 5s' },
  {
    pattern: 'retry(?:ing)?(?: your request| this request| the request| it| again)?',
    sample: 'Please retry after 33 seconds.',
  },
  { pattern: 'wait(?:ing)?', sample: 'Please wait 20 seconds before sending more.' },
  { pattern: 'back ?off', sample: 'Back off for 2 minutes.' },
  { pattern: 'come back', sample: 'Come back in an hour.' },
  { pattern: 'cool[- ]?down(?: period)?', sample: 'Cooldown of 30 seconds.' },
  { pattern: 'available(?: again)?', sample: 'Available again at 2026-11-26T12:00:30Z.' },
];

/** Cues for when the limit is full again: later than necessary, so a last resort. */
const RESET_CUES: readonly Cue[] = [
  { pattern: '(?:will )?(?:be )?reset(?:s|ting)?(?: time)?', sample: 'Your limit resets in 2h15m.' },
  { pattern: 'renew(?:s|ed)?', sample: 'The quota renews tomorrow at 00:00 UTC.' },
  { pattern: 'refresh(?:es|ed)?', sample: 'Your allowance refreshes in 1 hour.' },
];

const ACCESS_CUES: readonly Cue[] = [
  { pattern: 'regain access', sample: 'You will regain access on 2026-09-01 at 00:00 UTC.' },
];

const JOINT =
  '(?:\\s{1,3}(?:again|later))?\\s{0,3}[:=]?\\s{0,3}(?:(?:in|after|at(?! least)|on|for|until|of|is)\\s{1,3})?(?:(?:at least|about|approximately|around|another|roughly|up to|~)\\s{0,3})?';

const patternOf = (cues: readonly Cue[]): RegExp =>
  new RegExp(`\\b(?:${cues.map(({ pattern }) => pattern).join('|')})\\b${JOINT}`, 'gi');

const RETRY = patternOf(RETRY_CUES);
const RESET = patternOf(RESET_CUES);
const ACCESS = patternOf(ACCESS_CUES);

/** Milliseconds that a message asks to wait. `nowMs` is the server's clock. */
export function readWait(message: string, nowMs: number): number | undefined {
  return firstAfter(RETRY, message, nowMs) ?? firstAfter(RESET, message, nowMs);
}

/** Milliseconds until the time at which a spend limit ends. */
export function readAccess(message: string, nowMs: number): number | undefined {
  return firstAfter(ACCESS, message, nowMs);
}

function firstAfter(cues: RegExp, message: string, nowMs: number): number | undefined {
  cues.lastIndex = 0;
  for (let cue = cues.exec(message); cue; cue = cues.exec(message)) {
    const at = cues.lastIndex;
    const wait = durationAt(message, at) ?? timeAt(message, at, nowMs);
    if (wait !== undefined) return wait;
    // What was read as a joint may begin the next cue.
    cues.lastIndex = cue.index + 1;
  }
  return undefined;
}

/** Cues with their samples, for tests and documentation. */
export const WAIT_CUES: readonly Cue[] = [...RETRY_CUES, ...RESET_CUES, ...ACCESS_CUES];
