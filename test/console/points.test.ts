import { expect, test } from 'vitest';
import { kindsOf, ofLane, Points } from '../../src/console/page/points.ts';
import type { Point, Update } from '../../src/console/state.ts';
import { TIERS } from '../../src/console/state.ts';

const point = (t: number, over: Partial<Point> = {}): Point => ({
  t,
  calls: 1,
  refused: {},
  retries: {},
  usd: null,
  lanes: {},
  ...over,
});

const update = (last: number, fine: readonly Point[], startedAt = 1): Update =>
  ({
    state: { startedAt } as Update['state'],
    points: { fine: { last, added: fine }, coarse: { last: 0, added: [] } },
  }) satisfies Update;

test('a page keeps as many points as the server, however long it is open', () => {
  const points = new Points();
  for (let number = 1; number <= 24 * 900; number++) points.add(update(number, [point(number)]));
  expect(points.of('fine')).toHaveLength(TIERS.fine.most);
  expect(points.of('fine').at(-1)!.t).toBe(24 * 900);
  expect(points.last('fine')).toBe(24 * 900);
});

test('a page that has missed more than is kept takes what there is, once', () => {
  const points = new Points();
  points.add(update(2, [point(1), point(2)]));
  const all = Array.from({ length: TIERS.fine.most }, (_, index) => point(1_000 + index));
  points.add(update(5_000, all));
  expect(points.of('fine')).toEqual(all);
});

test('after a restart of the server nothing is kept, and everything is requested', () => {
  const points = new Points();
  points.add(update(9, [point(1)]));
  expect(points.add(update(3, [], 2))).toBe(true);
  expect(points.last('fine')).toBe(0);
  expect(points.of('fine')).toEqual([]);
  expect(points.add(update(3, [point(5)], 2))).toBe(false);
  expect(points.of('fine')).toEqual([point(5)]);
});

test('a lane that was absent has gaps, and kinds are listed largest first', () => {
  const points = [
    point(1, { refused: { tokens: 1, requests: 5 } }),
    point(2, { lanes: { a: [0.5, 3, 2, 1] }, refused: { tokens: 1 } }),
  ];
  expect(ofLane(points, 'a', 0)).toEqual([null, 0.5]);
  expect(ofLane(points, 'a', 2)).toEqual([null, 2]);
  expect(kindsOf(points, 'refused')).toEqual(['requests', 'tokens']);
});
