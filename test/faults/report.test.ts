import { expect, test } from 'vitest';
import type { Fault } from './fault.ts';
import { expectedOf, judge, renderReport } from './report.ts';
import type { Outcome } from './run.ts';

const PAGE: Fault = {
  id: 'down',
  what: 'the provider is down',
  expected: ['TidegateCircuitOpen'],
  severity: 'critical',
  says: /status page/,
  stage: () => Promise.reject(new Error('Nothing is staged here')),
};

type Told = Outcome['deliveries'][number];

function told(alertname: string, since: number, more: Partial<Told> = {}): Told {
  const severity = more.receiver === 'ticket' ? 'warning' : 'critical';
  return {
    status: 'firing',
    receiver: 'page',
    labels: { alertname, severity, job: 'down', gen_ai_provider_name: 'openai' },
    annotations: { description: 'Check the status page.' },
    startsAt: '',
    atMs: 0,
    since,
    ...more,
  } as Told;
}

const verdict = (fault: Fault, deliveries: readonly Told[], problem?: string): string =>
  judge({ fault, deliveries, problem }).verdict;

test('a page in time that names its cause is correct', () => {
  expect(verdict(PAGE, [told('TidegateCircuitOpen', 100)])).toBe('found');
});

test.for<[string, readonly Told[]]>([
  ['not found', []],
  ['not found', [told('TidegateCircuitOpen', 100, { receiver: 'ticket' })]],
  ['late', [told('TidegateCircuitOpen', 181)]],
  ['cause not named', [told('TidegateCircuitOpen', 100, { annotations: { description: 'Something.' } })]],
  [
    'cause not named',
    [told('TidegateCircuitOpen', 100, { annotations: { description: 'It fails on gpt-5.1. See its status page.' } })],
  ],
  ['false before: Other', [told('TidegateOther', -20), told('TidegateCircuitOpen', 100)]],
])('says what is wrong: %s', ([expected, deliveries]) => {
  expect(verdict(PAGE, deliveries)).toBe(expected);
});

test('a second group that pages is a second page; an alert that joins the first is not', () => {
  const other = told('TidegateStalled', 120);
  const elsewhere = { ...other, labels: { ...other.labels, gen_ai_provider_name: 'groq' } };
  expect(verdict(PAGE, [told('TidegateCircuitOpen', 100), other])).toBe('found');
  expect(verdict(PAGE, [told('TidegateCircuitOpen', 100), elsewhere])).toBe('2 pages');
});

test('a harmless fault must not be reported, and a ticket must not page', () => {
  const quiet: Fault = { ...PAGE, expected: [], severity: 'none' };
  expect(verdict(quiet, [])).toBe('quiet');
  expect(verdict(quiet, [told('TidegateCircuitOpen', 5)])).toBe('told of nothing');
  expect(verdict(quiet, [], '3 calls lost')).toBe('3 calls lost');
  const ticket: Fault = { ...PAGE, severity: 'warning' };
  const answer = told('TidegateCircuitOpen', 100, { receiver: 'ticket' });
  expect(verdict(ticket, [answer, told('TidegateRetryStorm', 150)])).toBe('page: RetryStorm');
});

test('the table has a row for each fault, with the texts sent', () => {
  const judged = [judge({ fault: PAGE, deliveries: [told('TidegateCircuitOpen', 100)], problem: undefined })];
  const report = renderReport({
    judged,
    seed: 1,
    calm: 4,
    lasts: 13,
    load: { most: 3.14, processors: 2, stallMs: 41.6 },
  });
  expect(report).toContain(
    '| the provider is down | CircuitOpen, page in 3 min | CircuitOpen (page) | 1.7 min |  | found |',
  );
  expect(report).toContain('The load average was at most 3.1 on 2 processors');
  expect(report).toContain('- the provider is down: *Check the status page.*');
});

test('the expected reports of a fault are declared before it is staged', () => {
  expect(expectedOf(PAGE)).toBe('CircuitOpen, page in 3 min');
  const slow: Fault = { ...PAGE, severity: 'warning', expected: ['TidegateA', 'TidegateB'] };
  expect(expectedOf(slow)).toBe('A or B, ticket in 10 min');
  expect(expectedOf({ ...slow, due: { minutes: 20, because: 'of its window' } })).toBe('A or B, ticket in 20 min');
  expect(expectedOf({ ...slow, severity: 'none' })).toBe('nothing');
});
