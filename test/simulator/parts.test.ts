import { describe, expect, it } from 'vitest';
import { spamLabelOf } from '../../src/simulator/replies/spam-label.ts';
import { hash32, mulberry32 } from '../../src/simulator/random.ts';
import { valueForSchema } from '../../src/simulator/replies/schema-value.ts';
import { countTokens, splitTokens } from '../../src/simulator/replies/tokens.ts';

describe('valueForSchema', () => {
  it.each<[unknown, unknown]>([
    [{ const: 5 }, 5],
    [{ enum: ['a', 'text', 'b'] }, 'text'],
    [{ enum: ['a', 'b'] }, 'a'],
    [{ type: ['string', 'null'] }, 'text'],
    [{ type: 'string', minLength: 6 }, 'text..'],
    [{ type: 'string', maxLength: 2 }, 'te'],
    [{ type: 'string', format: 'date' }, '2026-01-01'],
    [{ type: 'integer', minimum: 2.5 }, 3],
    [{ type: 'integer', exclusiveMinimum: 3 }, 4],
    [{ type: 'number', maximum: -4 }, -4],
    [{ type: 'integer', exclusiveMaximum: 0 }, -1],
    [{ type: 'boolean' }, true],
    [{ type: 'null' }, null],
    [{ type: 'array', items: { type: 'number' }, minItems: 2 }, [1, 1]],
    [{ anyOf: [{ type: 'boolean' }, { type: 'null' }] }, true],
    [{ properties: { a: { type: 'string' } } }, { a: 'text' }],
    [{ $defs: { x: { type: 'integer' } }, type: 'object', properties: { x: { $ref: '#/$defs/x' } } }, { x: 1 }],
    ['no schema', null],
  ])('%j gives %j', (schema, value) => {
    expect(valueForSchema(schema, 'text')).toEqual(value);
  });

  it('terminates on a schema that contains itself', () => {
    const schema = { type: 'object', properties: { next: { $ref: '#' } } };
    expect(JSON.stringify(valueForSchema(schema, '')).length).toBeLessThan(200);
  });
});

describe('tokens', () => {
  it('splits into pieces that join to the text', () => {
    const text = 'An extraordinarily long word, 12345 numbers!\n\n  and\tblanks — žluťoučký kůň 🐎';
    expect(splitTokens(text).join('')).toBe(text);
    expect(countTokens(text)).toBe(splitTokens(text).length);
    expect(countTokens('')).toBe(0);
  });

  it('is close to four characters per token for prose', () => {
    const prose = 'The quick brown fox jumps over the lazy dog while the engineers measure how long it takes. '.repeat(
      20,
    );
    const ratio = prose.length / countTokens(prose);
    expect(ratio).toBeGreaterThan(3.5);
    expect(ratio).toBeLessThan(5.5);
  });
});

describe('random', () => {
  it('gives the published sequence of mulberry32', () => {
    // Reference implementation, seed 1.
    const reference = (a: number) => () => {
      a |= 0;
      a = (a + 0x6d2b79f5) | 0;
      let t = Math.imul(a ^ (a >>> 15), 1 | a);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    const [ours, theirs] = [mulberry32(1), reference(1)];
    for (let index = 0; index < 1_000; index += 1) expect(ours()).toBe(theirs());
  });

  it('hashes as FNV-1a', () => {
    expect(hash32('')).toBe(0x811c9dc5);
    expect(hash32('a')).toBe(0xe40c292c);
    expect(hash32('foobar')).toBe(0xbf9cf968);
  });
});

describe('labelOf', () => {
  it('is by keywords', () => {
    expect(spamLabelOf('You are a WINNER, claim your cash prize')).toBe('spam');
    expect(spamLabelOf('Thanks for the patch, see you at the meeting')).toBe('ham');
    expect(spamLabelOf('')).toBe('ham');
  });
});
