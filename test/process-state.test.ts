import { beforeEach, describe, expect, it, vi } from 'vitest';
import { bindTelemetry, engineOf, processState } from '../src/process-state.ts';

const KEY = Symbol.for('tidegate');
const engine = (version: string) => ({ version });

beforeEach(() => {
  Reflect.deleteProperty(globalThis, KEY);
});

describe('the state of a process', () => {
  it('is made at its first use, is the same for all copies, and not enumerable', () => {
    expect(KEY in globalThis).toBe(false);
    expect(processState()).toBe(processState());
    expect(Object.keys(globalThis)).not.toContain('tidegate');
    expect(Object.getOwnPropertyDescriptor(globalThis, KEY)).toMatchObject({ enumerable: false });
  });

  it('has one engine for all compatible copies', () => {
    const first = engine('1.0.0');
    const make = vi.fn(() => engine('1.0.1'));
    expect(engineOf(1, () => first)).toBe(first);
    expect(engineOf(1, make)).toBe(first);
    expect(make).not.toHaveBeenCalled();
  });

  it('keeps incompatible ones apart, and each says so once', () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const [one, two] = [engine('1.0.0'), engine('2.0.0')];
    engineOf(1, () => one);
    expect(emitWarning).not.toHaveBeenCalled();
    for (let time = 0; time < 2; time++) expect(engineOf(2, () => two)).toBe(two);
    expect(engineOf(1, () => two)).toBe(one);
    expect(emitWarning).toHaveBeenCalledTimes(1);
    expect(emitWarning.mock.lastCall?.[0]).toMatch(/^Versions 1\.0\.0 and 2\.0\.0 of tidegate are loaded/);
  });

  it('informs every copy that telemetry was set up', () => {
    const binds = [vi.fn(), vi.fn()];
    for (const bind of binds) processState().bind.add(bind);
    bindTelemetry();
    for (const bind of binds) expect(bind).toHaveBeenCalledTimes(1);
  });
});
