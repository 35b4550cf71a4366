import { describe, expect, it } from 'vitest';
import { isTidegateError, TidegateOptionError } from '../src/errors.ts';
import { resolveOptions } from '../src/options.ts';
import { resolveCallOptions } from '../src/options/call-options.ts';

describe('resolveOptions', () => {
  it('has the documented defaults', () => {
    expect(resolveOptions()).toEqual({
      retry: {
        maxAttempts: 6,
        initialDelayMs: 500,
        maxDelayMs: 60_000,
        maxHintMs: 120_000,
        budget: { ratio: 0.2, minimum: 20, windowMs: 60_000 },
      },
      breaker: {
        threshold: 0.5,
        minimumAttempts: 10,
        windowMs: 60_000,
        halfOpenAfterMs: 5_000,
        maxHalfOpenAfterMs: 5_000,
        onOpen: 'wait',
        maxWaitMs: 60_000,
      },
      bulkhead: { maxConcurrent: 500, maxQueued: 100_000 },
      pacing: {
        requestsPerMinute: undefined,
        tokensPerMinute: undefined,
        inputTokensPerMinute: undefined,
        outputTokensPerMinute: undefined,
        requestsPerDay: undefined,
        tokensPerDay: undefined,
        maxConcurrent: undefined,
        headroom: 0.01,
        mode: 'burst',
        countTokens: undefined,
      },
      deadlineMs: undefined,
      firstContentTimeoutMs: undefined,
      stallTimeoutMs: undefined,
      bodyIdleTimeoutMs: 600_000,
      finalEvent: 'learn',
      telemetry: {},
      limitGroup: undefined,
      onFlexUnavailable: 'retry',
    });
  });

  it('turns sections off', () => {
    const options = resolveOptions({ retry: false, breaker: false, pacing: false, telemetry: false });
    expect(options.retry.maxAttempts).toBe(1);
    expect(options.breaker).toBeUndefined();
    expect(options.pacing).toBeUndefined();
    expect(options.telemetry).toBeUndefined();
    expect(resolveOptions({ retry: { budget: false } }).retry.budget).toBeUndefined();
  });

  it.each([
    [{ retry: { maxAttempts: 0 } }, 'Expected `retry.maxAttempts` to be a number from 1 to 100, got 0'],
    [{ retry: { maxAttempts: 1.5 } }, 'Expected `retry.maxAttempts` to be an integer from 1 to 100, got 1.5'],
    [{ retry: { initialDelayMs: '1' } }, 'Expected `retry.initialDelayMs` to be a number from 0 to 60000, got "1"'],
    [{ retry: { maxDelayMs: Number.NaN } }, 'Expected `retry.maxDelayMs`'],
    [{ retry: { budget: { ratio: -1 } } }, 'Expected `retry.budget.ratio` to be a number from 0 to 10, got -1'],
    [{ retry: true }, 'Expected `retry` to be an object, got true'],
    [{ retries: {} }, 'Expected `options` to be an object with the keys retry, breaker'],
    [{ breaker: { threshold: 1 } }, 'Expected `breaker.threshold` to be a number above 0 and below 1, got 1'],
    [{ breaker: { onOpen: 'queue' } }, "Expected `breaker.onOpen` to be one of 'wait', 'fail', got \"queue\""],
    [{ breaker: { halfOpenAfterMs: 10, maxHalfOpenAfterMs: 5 } }, 'Expected `breaker.maxHalfOpenAfterMs`'],
    [{ bulkhead: { maxConcurrent: Infinity } }, 'Expected `bulkhead.maxConcurrent` to be an integer'],
    [{ pacing: { requestsPerMinute: 0 } }, 'Expected `pacing.requestsPerMinute` to be a number above 0, got 0'],
    [{ pacing: { headroom: 1 } }, 'Expected `pacing.headroom` to be a number from 0 to 0.9, got 1'],
    [{ pacing: { countTokens: 3 } }, 'Expected `pacing.countTokens` to be a function, got 3'],
    [{ deadlineMs: 0 }, 'Expected `deadlineMs`'],
    [
      { body: { idleTimeoutMs: [] } },
      'Expected `body.idleTimeoutMs` to be an integer from 1 to 2147483647, got an array',
    ],
    [{ telemetry: { spans: 1 } }, 'Expected `telemetry.spans` to be a boolean, got 1'],
    [{ telemetry: { models: [1] } }, 'Expected `telemetry.models` to be an array of strings, got an array'],
    [{ limitGroup: {} }, 'Expected `limitGroup` to be a function, got an object'],
    [{ onFlexUnavailable: 'wait' }, "Expected `onFlexUnavailable` to be one of 'retry', 'standard'"],
    [{ unguardedNotice: 1 }, 'Expected `unguardedNotice` to be a boolean, got 1'],
    [null, 'Expected `options` to be an object, got null'],
  ])('refuses %j', (options, message) => {
    const error = (() => {
      try {
        resolveOptions(options as never);
        return undefined;
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(TidegateOptionError);
    expect(isTidegateError(error)).toBe(true);
    expect((error as Error).message).toContain(message);
  });
});

describe('resolveCallOptions', () => {
  it.each([
    [{ priority: 'urgent' }, "Expected `priority` to be one of 'interactive', 'normal', 'batch', got \"urgent\""],
    [{ tenant: 7 }, 'Expected `tenant` to be a string, got 7'],
    [{ deadlineMs: -1 }, 'Expected `deadlineMs`'],
    [{ timeout: 1 }, 'Expected `callOptions` to be an object with the keys priority, tenant, deadlineMs'],
  ])('refuses %j', (options, message) => {
    expect(() => resolveCallOptions(options as never)).toThrow(message);
  });

  it('accepts documented values', () => {
    const options = { priority: 'batch', tenant: 'a', deadlineMs: 1 } as const;
    expect(resolveCallOptions(options)).toEqual(options);
  });
});
