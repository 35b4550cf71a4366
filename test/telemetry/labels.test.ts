import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TidegateOptionError } from '../../src/errors.ts';
import { LabelCap } from '../../src/telemetry/label-cap.ts';
import { ATTR } from '../../src/telemetry/names.ts';
import { likelyOperation, mayServe } from '../../src/telemetry/prepared-models.ts';
import { resolveSemconv } from '../../src/telemetry/semconv.ts';
import {
  attemptErrorType,
  errorTypeLabel,
  errorTypeOnSpan,
  STATUS_LABELS,
  statusLabel,
} from '../../src/telemetry/status.ts';
import { checkAttributes, labelName } from '../../src/telemetry/user-attributes.ts';
import { SAMPLE_FILES } from '../providers/samples/all.ts';

describe('LabelCap', () => {
  it('passes the first values, permanently, and turns the others into _OTHER', () => {
    const cap = new LabelCap(2);
    expect(['a', 'b', 'c', 'a', 'd', 'b'].map((each) => cap.label(each))).toEqual([
      'a',
      'b',
      '_OTHER',
      'a',
      '_OTHER',
      'b',
    ]);
  });

  it('always passes preferred values, and counts them', () => {
    const cap = new LabelCap(2, ['x', 'y', 'z']);
    expect(['a', 'x', 'y', 'z'].map((each) => cap.label(each))).toEqual(['_OTHER', 'x', 'y', 'z']);
    const wider = new LabelCap(4, ['x', 'y', 'z']);
    expect(['a', 'b'].map((each) => wider.label(each))).toEqual(['a', '_OTHER']);
  });

  it('skips missing and overlong values', () => {
    const cap = new LabelCap(1);
    expect([cap.label(undefined), cap.label(''), cap.label('m'.repeat(201))]).toEqual(['_OTHER', '_OTHER', '_OTHER']);
    expect(cap.label('m')).toBe('m');
  });
});

describe('statusLabel', () => {
  it('keeps known statuses and turns others into their class, which `5..` still matches', () => {
    expect([200, 429, 498, 529].map(statusLabel)).toEqual(['200', '429', '498', '529']);
    expect([204, 307, 418, 520, 599].map(statusLabel)).toEqual(['2xx', '3xx', '4xx', '5xx', '5xx']);
    expect(statusLabel(undefined)).toBe('none');
  });

  it('keeps every status of a recorded refusal', () => {
    const recorded = SAMPLE_FILES.flatMap(({ samples }) => samples.flatMap(({ status }) => status ?? []));
    expect(recorded.length).toBeGreaterThan(100);
    const lost = new Set(recorded.filter((status) => statusLabel(status) !== String(status)));
    expect([...lost], 'add them to STATUSES in src/telemetry/status.ts').toEqual([]);
  });

  it('never leaves its closed set', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer(), fc.double()), (status) => {
        expect(STATUS_LABELS).toContain(statusLabel(status));
      }),
    );
    expect(new Set(STATUS_LABELS).size).toBe(STATUS_LABELS.length);
  });
});

describe('error types', () => {
  it('are closed on metrics', () => {
    expect(['rate_limit_exceeded', 'timeout', '503', undefined, 'made up', 'constructor'].map(errorTypeLabel)).toEqual([
      'rate_limit_exceeded',
      'timeout',
      '503',
      '_OTHER',
      '_OTHER',
      '_OTHER',
    ]);
  });

  it('name a failed connection as such, whatever its code', () => {
    expect(['UND_ERR_SOCKET', 'ECONNRESET', 'ETIMEDOUT', 'EMADEUP'].map(errorTypeLabel)).toEqual([
      'connection_error',
      'connection_error',
      'timeout',
      '_OTHER',
    ]);
  });

  it('are closed on spans too, in a larger set', () => {
    for (const known of ['model_not_found', 'ECONNRESET', 'timeout', '503']) expect(errorTypeOnSpan(known)).toBe(known);
    expect(errorTypeOnSpan('You said: my password is 1234')).toBeUndefined();
    expect(errorTypeOnSpan('made_up_7f3a')).toBeUndefined();
  });

  it('of an attempt: code, else status, else outcome', () => {
    expect(attemptErrorType('overloaded_error', 529, 'overloaded')).toBe('overloaded_error');
    expect(attemptErrorType(undefined, 503, 'server_error')).toBe('503');
    expect(attemptErrorType('made_up_7f3a', 503, 'server_error')).toBe('503');
    expect(attemptErrorType(undefined, undefined, 'timeout')).toBe('timeout');
    expect(attemptErrorType(undefined, undefined, 'connection')).toBe('connection_error');
    expect(attemptErrorType(undefined, undefined, 'server_error')).toBe('_OTHER');
  });
});

/** Labels of accepted attributes; none for correctly refused ones. */
function labelsOf(attributes: Record<string, string>): string[] {
  try {
    return Object.keys(checkAttributes(attributes)).map(labelName);
  } catch (error) {
    if (error instanceof TidegateOptionError) return [];
    throw error;
  }
}

describe('checkAttributes', () => {
  it('keeps strings, numbers and booleans, and removes undefined values', () => {
    expect(checkAttributes({ 'tidegate.client': 'search', shard: 3, canary: false, a: undefined, b: null })).toEqual({
      'tidegate.client': 'search',
      shard: 3,
      canary: false,
    });
    expect(checkAttributes(undefined)).toEqual({});
  });

  it.each(Object.values(ATTR))('refuses the reserved key %s, also in its Prometheus spelling', (key) => {
    expect(() => checkAttributes({ [key]: 'x' })).toThrow(TidegateOptionError);
    expect(() => checkAttributes({ [labelName(key)]: 'x' })).toThrow(TidegateOptionError);
  });

  it.each([
    'gen_ai.request.temperature',
    'le',
    'quantile',
    'otel.scope.name',
    'otel_metric_overflow',
    '',
    '1a',
    '_',
    '-',
  ])('refuses the key %j', (key) => {
    expect(() => checkAttributes({ [key]: 'x' })).toThrow(TidegateOptionError);
  });

  it('refuses two keys with the same Prometheus label', () => {
    expect(() => checkAttributes({ 'team.name': 'a', team_name: 'b' })).toThrow(
      'Expected `telemetry.attributes.team_name` to be a key that differs from `team.name` as a Prometheus label',
    );
    expect(() => checkAttributes({ 'team..name': 'a', 'team-name': 'b' })).toThrow(TidegateOptionError);
  });

  it.each([[{}], [[]], [Number.NaN], [Infinity], [() => 1], [Symbol('s')], [1n]])('refuses the value %o', (value) => {
    expect(() => checkAttributes({ team: value })).toThrow(TidegateOptionError);
  });

  it('yields keys that Prometheus accepts, each once, for all accepted input', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.oneof(fc.string(), fc.stringMatching(/^[a-c_.]{1,4}$/)), fc.string()), (given) => {
        const keys = labelsOf(given);
        expect(new Set(keys).size).toBe(keys.length);
        for (const key of keys) expect(key).toMatch(/^[a-zA-Z_][a-zA-Z0-9_]*$/);
      }),
    );
  });
});

describe('resolveSemconv', () => {
  it('takes the option, then the environment, then compat', () => {
    const env = { OTEL_SEMCONV_STABILITY_OPT_IN: 'http, gen_ai_latest_experimental' };
    expect(resolveSemconv(undefined, {})).toBe('compat');
    expect(resolveSemconv(undefined, env)).toBe('latest');
    expect(resolveSemconv('dup', env)).toBe('dup');
    expect(resolveSemconv(undefined, { OTEL_SEMCONV_STABILITY_OPT_IN: 'http' })).toBe('compat');
  });
});

describe('guesses for configured models', () => {
  it('leave Claude to the providers that serve it', () => {
    expect(mayServe('anthropic', 'claude-opus-4-6')).toBe(true);
    expect(mayServe('aws.bedrock', 'anthropic.claude-opus-4-6-v1:0')).toBe(true);
    expect(mayServe('openai', 'claude-opus-4-6')).toBe(false);
    expect(mayServe('anthropic', 'gpt-5.1')).toBe(false);
    expect(mayServe('groq', 'openai/gpt-oss-120b')).toBe(true);
  });

  it('derive the operation from the name', () => {
    expect(
      ['gpt-5.1', 'text-embedding-3-small', 'omni-moderation-latest', 'whisper-1', 'gpt-image-1'].map(likelyOperation),
    ).toEqual(['chat', 'embeddings', 'moderation', 'audio', 'image']);
  });
});
