import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { resolveOptions } from '../../src/options.ts';
import {
  CALL_OUTCOMES,
  DIMENSIONS,
  RETRY_LAYERS,
  RETRY_REASONS,
  SPENT_ON,
  UNGUARDED_VIAS,
  valuesOf,
} from '../../src/telemetry/names.ts';

const at = (path: string): URL => new URL(`../../${path}`, import.meta.url);
const read = (path: string): string => readFileSync(at(path), 'utf8');
const readme = read('README.md');
/** Cells of the rows of the table under a heading. */
const rows = (heading: string): string[][] => {
  const section = readme.split(/^## /m).find((each) => each.startsWith(heading))!;
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
};

describe('what the README says is true', () => {
  test('links lead somewhere', () => {
    const decisions = readdirSync(at('docs/decisions')).map((file) => `docs/decisions/${file}`);
    for (const page of ['README.md', ...decisions]) {
      for (const [, target] of read(page).matchAll(/\]\(([^)]+)\)/g)) {
        if (target!.startsWith('http')) continue;
        const path = new URL(target!.split('#')[0]!, at(page));
        expect(existsSync(path), `${page}: ${target}`).toBe(true);
      }
    }
  });

  test.each([
    ['retry.maxAttempts', (o) => [o.retry.maxAttempts]],
    ['retry.initialDelayMs', (o) => [o.retry.initialDelayMs, o.retry.maxDelayMs]],
    ['retry.maxHintMs', (o) => [o.retry.maxHintMs]],
    ['retry.budget', (o) => [o.retry.budget?.ratio, o.retry.budget?.minimum, (o.retry.budget?.windowMs ?? 0) / 1_000]],
    ['breaker.threshold', (o) => [o.breaker?.threshold, o.breaker?.minimumAttempts, o.breaker?.windowMs]],
    ['breaker.halfOpenAfterMs', (o) => [o.breaker?.halfOpenAfterMs, o.breaker?.maxHalfOpenAfterMs]],
    ['breaker.onOpen', (o) => [o.breaker?.maxWaitMs]],
    ['bulkhead.maxConcurrent', (o) => [o.bulkhead.maxConcurrent, o.bulkhead.maxQueued]],
    ['pacing.headroom', (o) => [o.pacing?.headroom]],
    ['body.idleTimeoutMs', (o) => [o.bodyIdleTimeoutMs]],
  ] satisfies [string, (options: ReturnType<typeof resolveOptions>) => unknown[]][])(
    'default of %s',
    (option, defaults) => {
      const row = rows('Options').find(([name]) => name!.startsWith(`\`${option}\``));
      const numbers = row![1]!.replace(/(\d) (?=\d{3})/g, '$1').match(/\d+(\.\d+)?/g)!;
      expect(numbers.map(Number)).toEqual(defaults(resolveOptions()));
    },
  );

  test('labels of metrics are real', () => {
    expect.hasAssertions();
    const sets = [SPENT_ON, CALL_OUTCOMES, RETRY_REASONS, DIMENSIONS, UNGUARDED_VIAS, RETRY_LAYERS];
    const known = sets.flatMap((set: Readonly<Record<string, true>>) => valuesOf(set));
    for (const [, labels] of rows('Telemetry')) {
      const values = /: (.+)$/.exec(labels!)?.[1];
      if (values === undefined || values.includes(' for')) continue;
      for (const value of values.split(', ').filter((each) => each !== '...')) expect(known).toContain(value);
    }
  });

  test('a first look is short, and the rest is not long', () => {
    const head = readme.split('\n').slice(0, 40).join('\n');
    for (const part of [
      "from 'tidegate/openai'",
      'npm install tidegate',
      'npm ci && npm run demo',
      'npm ci && npm test',
    ]) {
      expect(head).toContain(part);
    }
    expect(read('AGENTS.md').split('\n').length).toBeLessThan(100);
  });
});
