import { expect, it } from 'vitest';
import { PrivateFieldMap } from '../../src/core/private-field-map.ts';
import { collectGarbage } from '../helpers/garbage.ts';

it('keeps a value with its object, apart from other maps, and invisibly', () => {
  const [one, other] = [new PrivateFieldMap<number>(), new PrivateFieldMap<number>()];
  const object = { a: 1 };
  one.set(object, 7);
  one.set(object, 8);
  expect([one.get(object), other.get(object), one.get({})]).toEqual([8, undefined, undefined]);
  other.set(object, 9);
  one.set(object, undefined);
  expect([one.get(object), other.get(object)]).toEqual([undefined, 9]);
  expect(Reflect.ownKeys(object)).toEqual(['a']);
});

it('keeps no object alive', async () => {
  const attachment = new PrivateFieldMap<object>();
  const references = Array.from({ length: 100 }, () => {
    const object = {};
    // Even a value that points back at its object.
    attachment.set(object, { object });
    return new WeakRef(object);
  });
  for (let round = 0; round < 20 && references.some((reference) => reference.deref()); round++) {
    // A dereferenced WeakRef keeps its target until the end of the turn.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  expect(references.filter((reference) => reference.deref())).toEqual([]);
});
