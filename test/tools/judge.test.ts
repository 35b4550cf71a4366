import { describe, expect, it } from 'vitest';
import type { Cell } from '../../tools/matrix/cell.ts';
import { faultOf, PAST } from '../../tools/matrix/judge.ts';
import { readOptions } from '../../tools/matrix/options.ts';

type Expected = Pick<Cell, 'expect' | 'says'>;

/** The output of a program whose clients lost this many calls of ten. */
function printed(lost: Record<string, number>, checks: object = {}, more = ''): string {
  const clients = Object.entries(lost).map(([name, count]) => [name, { calls: 10, lost: count, reason: '429' }]);
  return `noise\n  @matrix ${JSON.stringify({ clients: Object.fromEntries(clients), checks })}\n${more}`;
}

function fault(expected: Expected, output: string, ok = true): string {
  return faultOf(expected, { ok, stdout: '', output });
}

describe('the verdict on a cell', () => {
  it('passes a guarded program that lost nothing, and nothing else', () => {
    const guarded = { expect: 'guarded' } as const;
    expect(fault(guarded, printed({ openai: 0, groq: 0 }, { counted: true }))).toBe('');
    expect(fault(guarded, printed({ openai: 0, groq: 1 }))).toBe('groq lost 1 of 10 calls: 429');
    expect(fault(guarded, printed({ openai: 0 }, { counted: 7 }))).toBe('counted: 7');
    expect(fault(guarded, printed({}))).toBe('no client');
    expect(fault(guarded, 'nothing')).toBe('no report: nothing');
    expect(fault(guarded, printed({ openai: 0 }), false)).toContain('failed: ');
    expect(fault(guarded, printed({ openai: 0 }, {}, 'TidegateWarning: x'))).toContain('warned: ');
    expect(fault(guarded, printed({ openai: 0 }) + printed({ openai: 2 }))).toContain('openai lost 2');
  });

  it('passes a control only if every client lost calls', () => {
    expect(fault({ expect: 'loses' }, printed({ openai: 4, groq: 1 }))).toBe('');
    expect(fault({ expect: 'loses' }, printed({ openai: 4, groq: 0 }))).toBe('groq lost none of 10 calls');
  });

  it('requires the expected output', () => {
    const told = { expect: 'loses', says: PAST } as const;
    expect(fault(told, printed({ openai: 4 }, {}, 'A request went past tidegate: ...'))).toBe('');
    expect(fault(told, printed({ openai: 4 }))).toContain('did not say /went past tidegate/');
    expect(fault({ expect: /needs Node/ }, 'tidegate needs Node.js', false)).toBe('');
    expect(fault({ expect: /needs Node/ }, 'TypeError', false)).toContain('did not say');
    expect(fault({ expect: /needs Node/ }, 'tidegate needs Node.js')).toContain('ended well');
    expect(fault({ expect: 'passes' }, '')).toBe('');
    expect(fault({ expect: 'passes' }, 'error TS2345', false)).toBe('failed: error TS2345');
  });
});

describe('the arguments', () => {
  it('are read, and refused if unknown', () => {
    expect(readOptions(['--only', 'next', '--only', 'vite', '--keep'])).toEqual({
      only: ['next', 'vite'],
      list: false,
      keep: true,
      help: false,
    });
    expect(() => readOptions(['--every'])).toThrow('--every');
  });
});
