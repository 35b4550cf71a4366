import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { alertLines } from '../../src/commands/alert-lines.ts';
import { parseMessage } from '../../src/commands/alert-message.ts';
import type { Alert } from '../../src/commands/alert-message.ts';
import { firing, notification, resolved } from './notification.ts';

const parse = (message: unknown): Alert[] => {
  const parsed = parseMessage(JSON.stringify(message));
  if (!parsed.ok) throw new Error(parsed.problem);
  return [...parsed.alerts];
};
const problemOf = (message: unknown): string | undefined => {
  const parsed = parseMessage(typeof message === 'string' ? message : JSON.stringify(message));
  return parsed.ok ? undefined : parsed.problem;
};

describe('parseMessage', () => {
  test("reads Alertmanager's notification", () => {
    const [first, second] = parse(notification([firing, resolved]));
    expect(first).toMatchObject({ status: 'firing', labels: { alertname: 'TidegateRetrySpike', severity: 'warning' } });
    expect(first!.startsAt).toEqual(new Date('2026-11-24T10:00:00Z'));
    // Go's zero time means that the end is unknown.
    expect(first!.endsAt).toBeUndefined();
    expect(second!.endsAt).toEqual(new Date('2026-11-24T10:01:30Z'));
  });

  test('reports how many alerts were left out', () => {
    expect(parseMessage(JSON.stringify({ ...notification([firing]), truncatedAlerts: 3 }))).toMatchObject({
      ok: true,
      truncated: 3,
    });
  });

  test.each([
    ['not JSON', '{', 'Expected a JSON body.'],
    ['an array', [], 'Expected a JSON object.'],
    ['null', null, 'Expected a JSON object.'],
    ['no alerts', {}, 'Expected `alerts` to be an array.'],
    ['an alert that is none', { alerts: [7] }, 'Expected `alerts[0]` to be an object.'],
    [
      'a status unknown',
      { alerts: [{ ...firing, status: 'odd' }] },
      "Expected `alerts[0].status` to be 'firing' or 'resolved'.",
    ],
    ['no labels', { alerts: [{ status: 'firing' }] }, 'Expected `alerts[0].labels` to be an object of strings.'],
    [
      'labels that are no strings',
      { alerts: [{ ...firing, labels: { a: 1 } }] },
      'Expected `alerts[0].labels` to be an object of strings.',
    ],
    [
      'annotations that are no strings',
      { alerts: [firing, { ...firing, annotations: [] }] },
      'Expected `alerts[1].annotations` to be an object of strings.',
    ],
  ])('refuses %s', (_name, message, problem) => {
    expect(problemOf(message)).toBe(problem);
  });

  test('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((json) => `{"alerts":[${json}]}`),
        ),
        (text) => {
          const parsed = parseMessage(text);
          expect(typeof parsed.ok).toBe('boolean');
          if (parsed.ok) parsed.alerts.flatMap(alertLines);
        },
      ),
    );
  });
});

describe('alertLines', () => {
  test('shows a firing alert with what to do', () => {
    expect(parse(notification([firing])).flatMap(alertLines)).toEqual([
      '10:00:00  FIRING    warning   TidegateRetrySpike',
      '          Retries have jumped.',
      '          41 % of the calls of openai were sent again.',
      '          https://runbooks.example/tidegateretryspike',
      '          gen_ai_provider_name=openai job=shop',
    ]);
  });

  test('shows a resolved alert with how long it lasted', () => {
    expect(parse(notification([resolved])).flatMap(alertLines)).toEqual([
      '10:01:30  RESOLVED  warning   TidegateRetrySpike  after 90 s',
      '          Retries have jumped.',
      '          gen_ai_provider_name=openai job=shop',
    ]);
  });

  test('shows an alert with labels only', () => {
    const bare = { status: 'firing', labels: { job: 'shop' } };
    expect(parse({ alerts: [bare] }).flatMap(alertLines)).toEqual([
      '--:--:--  FIRING    -         unnamed alert',
      '          job=shop',
    ]);
  });

  test('breaks long texts, but no address', () => {
    const url = `https://runbooks.example/${'x'.repeat(120)}`;
    const annotations = { description: `${'Slow down. '.repeat(20)}Then:`, runbook_url: url };
    const lines = parse(notification([{ ...firing, annotations }])).flatMap(alertLines);
    expect(lines).toContain(`          ${url}`);
    const broken = lines.filter((line) => /Slow|Then/.test(line));
    expect(broken.map((line) => line.trim()).join(' ')).toBe(annotations.description);
    expect(broken.length).toBeGreaterThan(2);
    for (const line of broken) expect(line).toMatch(/^ {10}\S.{0,89}$/);
  });

  test('removes control characters that would steer the terminal', () => {
    const evil = { status: 'firing', labels: { alertname: 'a\u001B[2Jb\nc\u202Ed' } };
    expect(parse({ alerts: [evil] }).flatMap(alertLines)).toEqual(['--:--:--  FIRING    -         a [2Jb c d']);
  });
});
