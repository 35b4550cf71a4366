import { expect, test } from 'vitest';
import { dispatch } from '../../src/commands/dispatch.ts';
import { FakeIo } from './fake-io.ts';

test.each([
  [['--version'], '1.2.3'],
  [['-v'], '1.2.3'],
  [['help'], 'Usage: tidegate <command>'],
  [['--help'], 'Usage: tidegate <command>'],
  [['-h'], 'Usage: tidegate <command>'],
  [['help', 'alerts'], 'Usage: tidegate alerts'],
  [['alerts', '--help'], 'Usage: tidegate alerts'],
  [['help', 'simulate'], 'Usage: tidegate simulate'],
  [['report', '--help'], 'Usage: tidegate report'],
  [['batch', '--help'], 'Usage: tidegate batch'],
])('%j is answered on standard output with code 0', async (argv, text) => {
  const io = new FakeIo();
  expect(await dispatch(argv, io, '1.2.3')).toBe(0);
  expect(io.outLines.join('\n')).toContain(text);
  expect(io.errLines).toEqual([]);
});

test.each([
  [[], 'Usage: tidegate <command>'],
  [['bogus'], 'Unknown command "bogus".'],
  [['help', 'bogus'], 'Unknown command "bogus".'],
  // Names from Object.prototype are not commands.
  [['toString'], 'Unknown command "toString".'],
  [['__proto__'], 'Unknown command "__proto__".'],
  [['simulate', '--bogus'], 'simulate --help'],
  [['report', '--bogus'], 'report --help'],
  [['batch', '--bogus'], 'batch --help'],
  [['alerts', '--bogus'], 'alerts --help'],
])('%j is refused on standard error with code 2', async (argv, text) => {
  const io = new FakeIo();
  expect(await dispatch(argv, io, '1.2.3')).toBe(2);
  expect(io.errLines.join('\n')).toContain(text);
  expect(io.outLines).toEqual([]);
});
