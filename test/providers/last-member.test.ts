import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { lastMember } from '../../src/providers/parse/last-member.ts';

const usageOf = (json: string): unknown => {
  const text = lastMember(json, 'usage');
  return text === undefined ? undefined : JSON.parse(text);
};

describe('the last top-level member of a name', () => {
  it.each([
    ['{"usage":{"a":1}}', { a: 1 }],
    ['{"id":"x","usage" : { "a" : [1,{"b":2}] } , "model":"m"}\n', { a: [1, { b: 2 }] }],
    ['\n\n {"usage":null}', null],
    ['{"usage":1,"usage":2}', 2],
    // Inside of a member, an item or a string it is not the answer's own.
    ['{"choices":[{"usage":{"a":1}}]}', undefined],
    ['{"x_groq":{"usage":{"a":1}}}', undefined],
    [String.raw`{"text":"\"usage\":{\"a\":1}"}`, undefined],
    [String.raw`{"text":"ends with \\","usage":{"a":"\\\""}}`, { a: '\\"' }],
    ['{"text":"usage"}', undefined],
    ['["usage",{"usage":1}]', undefined],
    ['{"usage":{"a":1}', undefined],
    ['"usage":{"a":1}}', { a: 1 }],
    ['', undefined],
    ['usage', undefined],
  ])('of %s', (json, expected) => {
    expect(usageOf(json)).toEqual(expected);
  });

  it("matches a parser's result, in any value", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), fc.nat(4), (object, usage, indent) => {
        const json = JSON.stringify({ ...object, usage, after: 'x' }, null, indent);
        expect(usageOf(json)).toEqual(JSON.parse(JSON.stringify(usage)));
        const nested = JSON.stringify({ ...object, usage: undefined, deeper: { usage } }, null, indent);
        expect(lastMember(nested, 'usage')).toBeUndefined();
      }),
    );
  });
});

describe('the cost', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each([
    ['nested keys', `{${'"usage":{'.repeat(2_000_000)}`],
    ['nested keys that are closed', `${'{"usage":'.repeat(1_000_000)}1${'}'.repeat(1_000_000)}`],
    ['backslashes', `{"a":"${'\\'.repeat(10_000_000)}"}`],
    ['escaped quotes', `{"a":"${'\\"'.repeat(5_000_000)}"}`],
    ['quotes', '"'.repeat(10_000_000)],
    ['spaces', `{"usage"${' '.repeat(10_000_000)}:1}`],
    ['keys before spaces', `{${`"usage"${' '.repeat(50)}`.repeat(200_000)}}`],
    ['one string', `{"a":"${'a'.repeat(50_000_000)}","usage":{"b":1}}`],
  ])('is bounded for %s, however long', (_name, json) => {
    const steps = vi.spyOn(String.prototype, 'charCodeAt');
    lastMember(json, 'usage');
    expect(steps.mock.calls.length).toBeLessThan(4 * 65_536);
  });
});
