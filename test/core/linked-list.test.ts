import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Linked, LinkedList } from '../../src/core/linked-list.ts';

interface Item extends Linked<Item> {
  readonly id: number;
}

it('keeps its objects in order, as a set does', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(7))), (steps) => {
      const items = Array.from({ length: 8 }, (_, id): Item => ({ id, before: undefined, after: undefined }));
      const list = new LinkedList<Item>();
      const expected = new Set<Item>();
      for (const [adds, id] of steps) {
        const item = items[id]!;
        if (adds && !expected.has(item)) {
          list.add(item);
          expected.add(item);
        } else {
          list.remove(item);
          expected.delete(item);
        }
        expect(list.toArray()).toEqual([...expected]);
      }
    }),
  );
});

it('leaves no link in an object that has left', () => {
  const list = new LinkedList<Item>();
  const items = Array.from({ length: 3 }, (_, id): Item => ({ id, before: undefined, after: undefined }));
  for (const item of items) list.add(item);
  for (const item of items) list.remove(item);
  expect(items).toEqual([0, 1, 2].map((id) => ({ id, before: undefined, after: undefined })));
});
