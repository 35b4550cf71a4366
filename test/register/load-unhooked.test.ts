import { describe, expect, it } from 'vitest';
import { replacesRequire, restoreFormat } from '../../src/register/load-unhooked.ts';

const context = { format: 'commonjs', importAttributes: {}, conditions: ['node', 'import'] };
const bytes = new TextEncoder().encode('module.exports = 1;');
const load = (loaded: object) => () => loaded as { format: string; source?: string };

describe('versions in which a load hook replaces require', () => {
  it('are recognized', () => {
    const versions = ['22.15.0', '22.22.0', '23.11.1', '24.0.0', '24.11.0', '25.0.0'];
    expect(versions.filter((version) => !replacesRequire(version))).toEqual([]);
    expect(['22.23.0', '24.12.0', '24.21.0', '25.2.1', '26.0.0'].filter(replacesRequire)).toEqual([]);
  });

  it('leave imported CommonJS to the regular loader', () => {
    const loaded = { format: 'commonjs', source: bytes };
    expect(restoreFormat('file:///app.cjs', context, load(loaded))).toEqual({ format: 'commonjs-sync', source: bytes });
    const conditions = new Set(['node', 'import']) as unknown as string[];
    expect(restoreFormat('file:///app.cjs', { ...context, conditions }, load(loaded)).format).toBe('commonjs-sync');
  });

  it('load everything else unchanged', () => {
    for (const loaded of [
      { format: 'module', source: bytes },
      { format: 'commonjs', source: 'made by another hook' },
      { format: 'builtin' },
    ]) {
      expect(restoreFormat('file:///app.cjs', context, load(loaded))).toBe(loaded);
    }
    const required = { format: 'commonjs', source: bytes };
    expect(restoreFormat('file:///app.cjs', { ...context, conditions: ['node', 'require'] }, load(required))).toBe(
      required,
    );
  });

  it('read a source that another loader leaves to the regular one', () => {
    const refusal = Object.assign(
      new TypeError('Expected a string ... for the "source" from the "load" hook but got null.'),
      {
        code: 'ERR_INVALID_RETURN_PROPERTY_VALUE',
      },
    );
    const fail = (error: Error) => () => {
      throw error;
    };
    const self = restoreFormat(import.meta.url, context, fail(refusal));
    expect(self).toMatchObject({ format: 'commonjs-sync', shortCircuit: true });
    expect(self.source).toContain('a source that another loader leaves');
    const other = new TypeError('another');
    expect(() => restoreFormat(import.meta.url, context, fail(other))).toThrow(other);
    expect(() => restoreFormat('node:fs', context, fail(refusal))).toThrow(refusal);
  });
});
