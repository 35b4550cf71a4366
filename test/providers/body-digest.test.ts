import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodyDigest } from '../../src/providers/request/body-digest.ts';

describe('the digest of a body', () => {
  it('is that of its JSON, and differs for different bodies', () => {
    const json = fc.oneof(
      fc.object({ withNullPrototype: false, values: [fc.string(), fc.integer(), fc.boolean(), fc.constant(null)] }),
    );
    fc.assert(
      fc.property(json, json, (one, other) => {
        const parse = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
        expect(bodyDigest(parse(one))).toBe(bodyDigest(one));
        expect(bodyDigest(one) === bodyDigest(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });

  it.each([
    [{ a: 'bc' }, { ab: 'c' }],
    [{ a: ['1', '2'] }, { a: ['12'] }],
    [{ a: [] }, { a: {} }],
    [{ a: 1 }, { a: '1' }],
    [{ a: { b: 1 }, c: 2 }, { a: { b: 1, c: 2 } }],
  ])('differs for %j and %j', (one, other) => {
    expect(bodyDigest(one)).not.toBe(bodyDigest(other));
  });

  it('ignores what JSON omits, and runs no getter', () => {
    let ran = 0;
    const live = {
      model: 'm',
      get prompt() {
        ran++;
        return 'p';
      },
    };
    expect(bodyDigest({ a: 1, b: undefined })).toBe(bodyDigest({ a: 1 }));
    expect(bodyDigest(live)).toBeDefined();
    expect(ran).toBe(0);
  });

  it('terminates on cycles and large bodies', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = [circle, circle];
    const long = 'x'.repeat(20_000_000);
    expect(bodyDigest(circle)).toBeDefined();
    expect(bodyDigest({ long })).not.toBe(bodyDigest({ long: `${long}x` }));
  });

  it.each([['text'], [undefined], [new Uint8Array(3)], [new FormData()], [new ReadableStream()], [new Proxy({}, {})]])(
    'is undefined for %s',
    (body) => expect(bodyDigest(body)).toBeUndefined(),
  );
});
