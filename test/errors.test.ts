import { describe, expect, it } from 'vitest';
import {
  attachDetails,
  createCallError,
  type ErrorDetails,
  isTidegateError,
  TidegateSetupError,
} from '../src/errors.ts';

const details: ErrorDetails = {
  outcome: 'overloaded',
  dimension: undefined,
  attempts: 0,
  waitedMs: 5,
  limit: undefined,
  remaining: undefined,
  resetMs: undefined,
  advice: 'Wait.',
};

describe('createCallError', () => {
  it('is an instance of the SDK’s class and of Error, with a stable code', () => {
    class APIError extends Error {
      constructor(_status: number) {
        super('from the SDK');
      }
    }
    const cause = new Error('cause');
    const error = createCallError(APIError, 'circuit_open', 'The circuit is open.', details, cause);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      code: 'circuit_open',
      message: 'The circuit is open.',
      name: 'TidegateCallError',
      cause,
    });
    expect(error.tidegate).toEqual(details);
    expect(Object.keys(error)).toEqual(['code']);
    expect(error.stack).toContain('errors.test');
    expect(isTidegateError(error)).toBe(true);
  });

  it('works without a class', () => {
    expect(createCallError(undefined, 'closed', 'Closed.', details)).toBeInstanceOf(Error);
  });
});

describe('isTidegateError', () => {
  it('recognizes its own errors, also from another copy of the package', () => {
    expect(isTidegateError(new TidegateSetupError('port_in_use', 'taken'))).toBe(true);
    expect(isTidegateError(Object.defineProperty(new Error('x'), Symbol.for('tidegate.error'), { value: true }))).toBe(
      true,
    );
    for (const other of [new Error('x'), undefined, null, 'x', { code: 'closed' }]) {
      expect(isTidegateError(other)).toBe(false);
    }
  });
});

describe('attachDetails', () => {
  it('adds a non-enumerable property, and skips objects that cannot be extended', () => {
    const error = new Error('x');
    attachDetails(error, details);
    expect((error as { tidegate?: unknown }).tidegate).toEqual(details);
    expect(JSON.stringify(error)).toBe('{}');
    for (const value of ['text', undefined, null, Object.freeze(new Error('frozen'))]) attachDetails(value, details);
  });
});
