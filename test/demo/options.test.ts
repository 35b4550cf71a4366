import { expect, test } from 'vitest';
import { providersOf } from '../../demo/lanes.ts';
import { DemoError, parseOptions } from '../../demo/options.ts';

test('simulates 200 e-mails unless told otherwise', () => {
  expect(parseOptions([])).toEqual({
    live: false,
    limit: 200,
    models: { openai: 'gpt-4o-mini', anthropic: 'claude-3-5-haiku-latest', groq: 'llama-3.1-8b-instant' },
    metricsPort: undefined,
    keep: false,
  });
});

test('limits what real providers may cost', () => {
  expect(parseOptions(['--live'])).toMatchObject({ live: true, limit: 20 });
});

test('accepts every option', () => {
  const args = ['--live', '--limit', '7', '--groq-model', 'other', '--metrics-port', '0', '--keep'];
  expect(parseOptions(args)).toMatchObject({ limit: 7, models: { groq: 'other' }, metricsPort: 0, keep: true });
  expect(parseOptions(['--help'])).toBeUndefined();
});

test.each([['--limit', '0'], ['--limit', '1.5'], ['--limit', ''], ['--metrics-port', '70000'], ['--bogus'], ['extra']])(
  'refuses %s %s',
  (...args) => {
    expect(() => parseOptions(args)).toThrow(DemoError);
  },
);

test('uses the providers whose keys are set', () => {
  const live = parseOptions(['--live'])!;
  expect(providersOf(live, { GROQ_API_KEY: 'a', ANTHROPIC_API_KEY: 'b', OPENAI_API_KEY: '' })).toEqual([
    'anthropic',
    'groq',
  ]);
  expect(() => providersOf(live, {})).toThrow('--live needs at least one of OPENAI_API_KEY');
  expect(providersOf(parseOptions([])!, {})).toEqual(['openai', 'anthropic', 'groq']);
});

test('runs under Prometheus and Alertmanager at a scale, never with real providers', () => {
  expect(parseOptions(['--stack'])).toMatchObject({ stack: 60 });
  expect(parseOptions(['--stack', '--time-scale', '20'])).toMatchObject({ stack: 20 });
  expect(() => parseOptions(['--stack', '--time-scale', '61'])).toThrow('--time-scale to be an integer from 20 to 60');
  expect(() => parseOptions(['--stack', '--live'])).toThrow(DemoError);
});
