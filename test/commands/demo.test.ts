import { expect, test } from 'vitest';
import { dispatch } from '../../src/commands/dispatch.ts';
import { useSocketClock } from '../helpers/socket-clock.ts';
import { FakeIo } from './fake-io.ts';

useSocketClock();

test('demo sends the same calls bare and guarded, and reports what was lost', async () => {
  const io = new FakeIo();
  // Sixty more than one minute's limit, at ten a second.
  expect(await dispatch(['demo', '--calls', '660', '--rpm', '600', '--json'], io, '1')).toBe(0);
  const { bare, guarded } = JSON.parse(io.outLines.join('')) as Record<'bare' | 'guarded', Record<string, number>>;
  expect(guarded).toMatchObject({ calls: 660, succeeded: 660, lost: 0 });
  expect(bare['requests']).toBeGreaterThan(660);
  expect(bare['refused']).toBeGreaterThan(guarded['refused']!);
  expect(bare['lost']! + bare['succeeded']!).toBe(660);
});

test.each([['--calls', '0'], ['--rpm', 'x'], ['--bogus']])('refuses %s', async (...args) => {
  expect(await dispatch(['demo', ...args], new FakeIo(), '1')).toBe(2);
});
