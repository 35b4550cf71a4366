import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAccess, readWait, WAIT_CUES } from '../../src/providers/errors/requested-wait.ts';

const NOW = Date.parse('2026-11-26T12:00:00Z');

const wait = (text: string): number | undefined => readWait(text, NOW) ?? readAccess(text, NOW);

describe('a wait in a message', () => {
  it.each([
    ['Please try again in 6m0s.', 360_000],
    ['slow down and try again after 1.6 seconds.', 1_600],
    ['Please try again in 172.799999ms.', 172.799999],
    ['Please try again in 1m26.4s. Visit https://x/2 to learn more.', 86_400],
    ['Please retry after 33 seconds. Please go here: 7', 33_000],
    ['Please retry in 36.33s.', 36_330],
    ['Please wait 20 seconds before sending more.', 20_000],
    ['You must wait at least 2 hours and 15 minutes.', 8_100_000],
    ['retry_after: 5s', 5_000],
    ['Retry in 1 hour, 5 mins', 3_900_000],
    ['Back off for 2 minutes.', 120_000],
    ['Come back in an hour.', 3_600_000],
    ['Try your request again in about 1 minute', 60_000],
    ['Your limit resets in 2h15m.', 8_100_000],
    ['Limit resets at 2026-11-26T12:00:30Z', 30_000],
    ['Resets on 2026-11-27 at 00:00 UTC', 43_200_000],
    ['available again at 2026-11-26 14:30 +02:00', 1_800_000],
    ['The quota renews tomorrow at 00:00 UTC.', 43_200_000],
    ['Your quota will reset at midnight UTC', 43_200_000],
    ['try again at 14:30 UTC', 9_000_000],
    ['try again at 5:30 PM UTC', 19_800_000],
    // Of today, and past: tomorrow's.
    ['try again at 11:00 UTC', 82_800_000],
    ['Rate limit resets at 1795694430', 30_000],
    ['Rate limit resets at 1795694430000', 30_000],
    ['try again at Thu, 26 Nov 2026 12:00:30 GMT', 30_000],
    ['You will regain access on 2026-12-01 at 00:00 UTC.', 388_800_000],
    ['You will regain access on 2026-12-01.', 388_800_000],
    // Already past.
    ['try again at 2026-11-26T11:59:00Z', 0],
    // Prefers the time to retry to the time when all is refilled.
    ['Your limit resets in 5 hours. Please try again in 20s.', 20_000],
  ])('%s', (text, ms) => {
    expect(wait(text)).toBeCloseTo(ms, 5);
  });

  it.each([
    'Limit 30000, Used 18928, Requested 11159.',
    'Please wait before trying again.',
    'Please try again later. 20s is what others wait.',
    'over capacity. Please try again and back off exponentially.',
    'try again after 5',
    'try again in 1 month',
    'try again at 14:30',
    'try again at 2026-11-26T12:00:30',
    'in 5 minutes',
    'You can retry your request, or contact us at 20 seconds.com',
    'of 60 queries per minute',
    'retry with model gpt-5 in 2 steps',
    'Await 5 seconds.js',
    'the timeout of 30 seconds was reached',
    '',
  ])('is none in "%s"', (text) => {
    expect(wait(text)).toBeUndefined();
  });

  it.each(WAIT_CUES.map(({ sample }) => [sample]))('is read in the sample of its table: %s', (sample) => {
    expect(wait(sample)).toBeDefined();
  });

  const CUES = [
    'try again in',
    'try again after',
    'retry after',
    'retry in',
    'wait',
    'resets in',
    'available again in',
  ];
  const FORMS: readonly ((amount: number) => readonly [text: string, ms: number])[] = [
    (amount) => [`${amount}s`, amount * 1_000],
    (amount) => [`${amount} seconds`, amount * 1_000],
    (amount) => [`${amount}.5 secs`, amount * 1_000 + 500],
    (amount) => [`${amount}ms`, amount],
    (amount) => [`${amount}m${amount % 60}s`, amount * 60_000 + (amount % 60) * 1_000],
    (amount) => [`${amount} minutes and ${amount % 60} seconds`, amount * 60_000 + (amount % 60) * 1_000],
    (amount) => [`${amount}h`, amount * 3_600_000],
    (amount) => [new Date(NOW + amount * 1_000).toISOString(), amount * 1_000],
  ];

  it('is read in every form after every cue, whatever stands around it', () => {
    const prose = fc.string({ maxLength: 40 }).map((text) => text.replaceAll(/[a-z\d]/gi, '-'));
    fc.assert(
      fc.property(
        fc.constantFrom(...CUES),
        fc.constantFrom(...FORMS),
        fc.integer({ min: 1, max: 999 }),
        prose,
        prose,
        (cue, form, amount, before, after) => {
          const [text, ms] = form(amount);
          expect(wait(`${before}. Please ${cue} ${text}. ${after}`)).toBeCloseTo(ms, 3);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('is never a number without a cue', () => {
    const word = fc.constantFrom(
      'Limit',
      'Used',
      'Requested',
      'model',
      'in',
      'after',
      'for',
      'seconds',
      'of',
      'per',
      '5s',
      '20',
      '3m',
      'Z',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 20 }), (words) => {
        expect(wait(words.join(' '))).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });

  // A backtracking search over such a text would exceed the timeout.
  it('is read quickly, whatever the text', () => {
    for (const piece of ['try again in ', 'wait ', '1,111', 'retry after 1h1m1s', ' and ', 'a', '1 ']) {
      const text = piece.repeat(2_000).slice(0, 2_000);
      expect(() => wait(text)).not.toThrow();
    }
  });
});
