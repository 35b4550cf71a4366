import { describe, expect, it } from 'vitest';
import { eventsOf } from '../helpers/record-events.ts';
import { WAYS_IN } from '../helpers/ways.ts';

describe.each(WAYS_IN)('$name', ({ connect }) => {
  it.each(['http://127.0.0.1:1', 'http://127.0.0.1:6667'])('fails at once if fetch refuses %s', async (url) => {
    const connection = connect(url);
    await expect(connection.ask()).rejects.toThrow(/connection error|fetch failed/i);
    const ends = eventsOf(connection.events(), 'attempt.end');
    expect(ends.map(({ outcome, retryable }) => [outcome, retryable])).toEqual([['bad_request', false]]);
    expect(eventsOf(connection.events(), 'circuit')).toEqual([]);
  });
});
