import { expect, test } from 'vitest';
import type { HitLine, LimitLine } from '../../src/hits/hit-line.ts';
import { DISCLOSES_ALL, DisclosureWatch } from '../../src/hits/replay/disclosure.ts';
import { at, callLine } from '../commands/report/call-line.ts';

const limit = (more: Partial<LimitLine> = {}): LimitLine => ({
  v: 1,
  kind: 'limit',
  at: at(10_000),
  pool: 'openai/gpt-4o-mini',
  dimension: 'requests',
  limit: 100,
  ...more,
});

const hit = (more: Partial<HitLine> = {}): HitLine => ({
  v: 1,
  kind: 'hit',
  at: at(10_000),
  provider: 'openai',
  model: 'gpt-4o-mini',
  pool: 'openai/gpt-4o-mini',
  dimension: 'requests',
  limit: 100,
  used: 100,
  requested: 1,
  waitMs: 1_000,
  waitSource: 'retry_after',
  attempt: 1,
  status: 429,
  code: null,
  requestId: null,
  queued: 0,
  inFlight: 1,
  ...more,
});

test('a record without details is of a provider that states everything', () => {
  const watch = new DisclosureWatch();
  watch.limit(limit());
  expect(watch.disclosure([callLine(0)])).toEqual(DISCLOSES_ALL);
});

test('answers state nothing if only refusals do', () => {
  const watch = new DisclosureWatch();
  watch.limit(limit({ source: 'body' }));
  watch.hit(hit());
  expect(watch.disclosure([])).toMatchObject({ headers: false, hints: true, texts: true });
});

test('refusals state nothing if none named a limit, or a wait', () => {
  const watch = new DisclosureWatch();
  watch.hit(hit({ dimension: 'unknown', waitSource: 'backoff' }));
  expect(watch.disclosure([])).toMatchObject({ hints: false, texts: false });
  watch.hit(hit({ dimension: 'unknown', waitSource: 'body' }));
  watch.hit(hit({ waitSource: 'backoff' }));
  expect(watch.disclosure([])).toMatchObject({ hints: true, texts: true });
});

test('what was missing at first is what earlier calls had not taken', () => {
  const sent = Array.from({ length: 20 }, (_, each) => callLine(each, { waitedMs: 0 }));
  const later = callLine(9_000, { waitedMs: 60_000 });
  const found = (remaining: number): number => {
    const watch = new DisclosureWatch();
    watch.limit(limit({ source: 'header', remaining }));
    watch.limit(limit({ source: 'header', remaining: 0 }));
    return watch.disclosure([...sent, later]).fill;
  };
  expect([found(80), found(30), found(0)]).toEqual([1, 0.5, 0.2]);
});

test('what is left refers to a bucket while that is believed', () => {
  const watch = new DisclosureWatch();
  watch.limit(limit({ source: 'header', ofBucket: true }));
  expect(watch.disclosure([]).ofBucket).toBe(true);
  watch.limit(limit({ source: 'header', ofBucket: false }));
  expect(watch.disclosure([]).ofBucket).toBe(false);
});
