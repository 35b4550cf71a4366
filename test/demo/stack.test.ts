import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { resultTable, verdict, type SceneResult } from '../../demo/stack.ts';
import { openInbox, type Inbox } from '../../demo/stack-inbox.ts';
import { CALM_MS, guardOptions, PAUSE_MS, SCENES } from '../../demo/stack-scenes.ts';
import { ruleGroups } from '../../ops/rules.ts';
import { resolveOptions } from '../../src/options.ts';
import { systemClock } from '../../src/core/clock.ts';

const MAIN = new URL('../../demo/main.ts', import.meta.url).pathname;

test('stages a fault for each of three shipped alerts, in less than five minutes', () => {
  const shipped = ruleGroups().flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? []));
  expect(SCENES.map(({ alert }) => alert)).toEqual([
    'TidegateRetrySpike',
    'TidegateTierSaturated',
    'TidegateCircuitOpen',
  ]);
  for (const { alert } of SCENES) expect(shipped).toContain(alert);
  expect(SCENES.reduce((sum, { withinMs }) => sum + withinMs, CALM_MS)).toBeLessThan(285_000);
});

test("shortens the guard's times along with those of the rules", () => {
  const times = (timeScale: number): number[] => {
    const breaker = resolveOptions(guardOptions(timeScale)).breaker!;
    return [breaker.windowMs, breaker.halfOpenAfterMs, breaker.maxHalfOpenAfterMs];
  };
  expect(times(60)).toEqual([20_000, 4_000, 4_000]);
  expect(times(20)).toEqual([60_000, 12_000, 12_000]);
});

test('has enough retry budget for the spike, which would otherwise open the circuit', () => {
  const { ratio, minimum, windowMs } = resolveOptions(guardOptions(20)).retry.budget!;
  const spike = SCENES.find(({ name }) => name === 'retry spike')!;
  const errors = 'faults' in spike.fault ? (spike.fault.faults.rates?.server_error ?? 0) : 0;
  const callsPerSecond = 1_000 / PAUSE_MS[spike.provider];
  const needed = (callsPerSecond * errors) / (1 - errors);
  expect(needed).toBeGreaterThan(1);
  expect((minimum * 1_000) / windowMs + ratio * callsPerSecond).toBeGreaterThan(1.2 * needed);
});

describe('the result', () => {
  const result = (index: number, firedAfterMs?: number, resolvedAfterMs?: number): SceneResult => ({
    scene: SCENES[index]!,
    firedAfterMs,
    resolvedAfterMs,
  });

  test('is good when every alert fired and was resolved', () => {
    const results = [result(0, 9_940, 4_000), result(1, 31_000, 20_000)];
    expect(resultTable(results)).toMatch(/retry spike\s+│ TidegateRetrySpike\s+│\s+9\.9 s │\s+4\.0 s │/);
    expect(verdict(results, [])).toEqual({ ok: true, says: 'Every alert arrived and was resolved.' });
  });

  test('is bad when one did not fire, was not resolved, or another still fires', () => {
    const results = [result(0), result(1, 31_000), result(2, 5_000, 5_000)];
    expect(resultTable(results)).toMatch(/TidegateRetrySpike\s+│\s+missed │\s+missed │/);
    expect(verdict(results, ['TidegateRetryStorm'])).toEqual({
      ok: false,
      says: 'Not arrived, or not resolved in time: TidegateRetrySpike, TidegateTierSaturated.',
    });
    expect(verdict([result(2, 5_000, 5_000)], ['TidegateRetryStorm'])).toEqual({
      ok: false,
      says: 'Still firing: TidegateRetryStorm.',
    });
  });
});

describe('the inbox', () => {
  const lines: string[] = [];
  const never = new AbortController().signal;
  let inbox: Inbox;

  beforeEach(async () => {
    lines.length = 0;
    inbox = await openInbox((line) => lines.push(line));
  });
  afterEach(() => inbox.close());

  const A = { name: 'A', provider: 'groq', sinceMs: 0 } as const;

  const post = async (status: string, alertname: string, more: Record<string, string> = {}): Promise<void> => {
    const labels = { alertname, gen_ai_provider_name: 'groq', ...more };
    const alerts = [{ status, labels, annotations: { summary: 'Something is up.' } }];
    const response = await fetch(inbox.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ alerts }),
    });
    expect(response.status).toBe(200);
  };

  test('prints alerts and resolves when one arrives, or at once if it already has', async () => {
    const arrives = inbox.arrives({ ...A, status: 'firing' }, 5_000, never);
    await post('firing', 'B');
    await post('firing', 'A');
    const atMs = await arrives;
    expect(atMs).toBeLessThanOrEqual(systemClock.now());
    expect(await inbox.arrives({ ...A, status: 'firing' }, 0, never)).toBe(atMs);
    expect(lines.join('\n')).toMatch(/FIRING .*B[^]*FIRING .*A[^]*Something is up\./);
  });

  test('does not accept another status, name or provider, nor one that came before', async () => {
    await post('resolved', 'A');
    const sinceMs = systemClock.now();
    await post('firing', 'A');
    await post('resolved', 'AB');
    await post('resolved', 'A', { gen_ai_provider_name: 'openai' });
    expect(await inbox.arrives({ ...A, status: 'resolved', sinceMs }, 5, never)).toBeUndefined();
  });

  test('settles when every series of every alert is resolved', async () => {
    await post('firing', 'A', { model: 'x' });
    await post('firing', 'A', { model: 'y' });
    expect(inbox.firing()).toEqual(['A', 'A']);
    const settles = inbox.settles(5_000, never);
    await post('resolved', 'A', { model: 'x' });
    expect(inbox.firing()).toEqual(['A']);
    await post('resolved', 'A', { model: 'y' });
    await settles;
    expect(inbox.firing()).toEqual([]);
  });

  test('gives up on abort', async () => {
    const stopped = new AbortController();
    const arrives = inbox.arrives({ ...A, status: 'firing' }, 5_000, stopped.signal);
    stopped.abort(new Error('stopped'));
    await expect(arrives).rejects.toThrow('stopped');
  });
});

test('says how to install what is missing, and exits with 2', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, '--stack'], {
    env: { PATH: '/nonexistent' },
    encoding: 'utf8',
  });
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain('apt-get install --no-install-recommends prometheus prometheus-alertmanager');
});
