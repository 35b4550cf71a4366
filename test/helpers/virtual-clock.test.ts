import { describe, expect, it } from 'vitest';
import { VirtualClock } from './virtual-clock.ts';

describe('VirtualClock', () => {
  it('runs due timers in order of time, then of creation, at their own time', async () => {
    const clock = new VirtualClock({ now: 100 });
    const seen: [string, number][] = [];
    const note = (name: string) => () => seen.push([name, clock.now()]);
    clock.after(30, note('c'));
    clock.after(10, note('a'));
    clock.after(10, note('b'));
    clock.after(31, note('late'));
    await clock.advance(30);
    expect(seen).toEqual([
      ['a', 110],
      ['b', 110],
      ['c', 130],
    ]);
    expect(clock.now()).toBe(130);
    expect(clock.nextIn()).toBe(1);
  });

  it('lets promises settle between timers, and runs timers that they set', async () => {
    const clock = new VirtualClock();
    const startedAt = clock.now();
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
    const seen: number[] = [];
    const run = (async () => {
      for (let i = 0; i < 3; i++) {
        await sleep(10);
        seen.push(clock.now() - startedAt);
      }
    })();
    await clock.advance(30);
    await run;
    expect(seen).toEqual([10, 20, 30]);
  });

  it('forgets cancelled timers and tells referenced ones apart', async () => {
    const clock = new VirtualClock();
    let ran = 0;
    const cancel = clock.after(5, () => ran++);
    clock.after(5, () => ran++, { unref: true });
    expect([clock.pending(), clock.pending('referenced')]).toEqual([2, 1]);
    cancel();
    expect([clock.pending(), clock.pending('referenced')]).toEqual([1, 0]);
    await clock.runAll();
    expect(ran).toBe(1);
    expect(clock.pending()).toBe(0);
  });

  it('steps the wall clock alone', () => {
    const clock = new VirtualClock();
    const [now, wall] = [clock.now(), clock.wall()];
    clock.jumpWall(3_600_000);
    expect([clock.now() - now, clock.wall() - wall]).toEqual([0, 3_600_000]);
  });

  it('refuses to run for ever', async () => {
    const clock = new VirtualClock();
    const again = (): void => void clock.after(60_000, again);
    again();
    await expect(clock.runAll(600_000)).rejects.toThrow('A timer is still set');
  });
});
