import { classifyConnection } from '../../../src/providers/errors/classify-connection.ts';
import { classifyError } from '../../../src/providers/errors/classify-error.ts';
import { parseBody } from '../../../src/providers/errors/error-body.ts';
import { readErrorEnvelope } from '../../../src/providers/errors/error-envelope.ts';
import { readLimitText } from '../../../src/providers/errors/limit-message.ts';
import { headerHint } from '../../../src/providers/errors/retry-hint.ts';
import { parseCount, parseDate, parseDuration } from '../../../src/providers/parse/numbers.ts';
import { durationAt, timeAt } from '../../../src/providers/parse/durations.ts';
import { adapterFor } from '../../../src/providers/registry.ts';
import type { Target } from '../target.ts';
import { ensure, headersOf, NOW, PROVIDERS, sound, soundFailure, soundReadings } from './sound.ts';

/** The contents of a refusal: headers, body, message. */
export const REFUSALS: readonly Target[] = [
  {
    name: 'header-limits',
    run(text) {
      for (const provider of PROVIDERS) soundReadings(adapterFor(provider).readLimits(headersOf(text), NOW));
    },
  },
  {
    name: 'retry-hint',
    run(text) {
      sound(headerHint(headersOf(text), NOW)?.ms, 'hint');
    },
  },
  {
    name: 'durations',
    run(text) {
      sound(parseDuration(text), 'duration');
      sound(parseCount(text), 'count');
      sound(parseDate(text), 'date');
      for (let at = 0; at < Math.min(text.length, 20); at++) {
        sound(durationAt(text, at), 'duration in words');
        sound(timeAt(text, at, NOW), 'time in words');
      }
    },
  },
  {
    name: 'limit-message',
    run(text) {
      const { limit, windowMs } = readLimitText(text, []);
      sound(limit, 'limit');
      sound(windowMs, 'window');
    },
  },
  {
    name: 'error-body',
    run(text) {
      const body = parseBody(text);
      const { codes, waitMs, message } = readErrorEnvelope(body);
      sound(waitMs, 'wait');
      ensure(
        codes.every((code) => typeof code === 'string'),
        'a code that is no text',
      );
      ensure(typeof message === 'string', 'a message that is no text');
      for (const provider of PROVIDERS) {
        for (const status of [400, 401, 429, 500, 529, undefined]) {
          soundFailure(adapterFor(provider).classify({ status, headers: undefined, body }, NOW));
        }
      }
    },
  },
  {
    name: 'thrown-errors',
    run(text) {
      const thrown = parseBody(text);
      soundFailure(classifyConnection(thrown, false));
      const details = classifyError(thrown);
      for (const key of ['limit', 'remaining', 'resetMs'] as const) sound(details?.[key], key);
    },
  },
];
