import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { serveMetrics } from '../../demo/metrics.ts';
import { startSimulator } from '../../src/testing.ts';
import type { Simulator } from '../../src/testing.ts';

const MAIN = new URL('../../demo/main.ts', import.meta.url).pathname;

async function demo(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  const { PATH } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...(PATH === undefined ? {} : { PATH }), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, err };
}

test('runs on its own: loses nothing, opens a circuit and closes it again', async () => {
  const { code, out, err } = await demo(['--limit', '12', '--metrics-port', '0']);
  expect(err).toBe('');
  expect(out).toContain('12 real e-mails');
  expect(out).toMatch(/Metrics, live: http:\/\/127\.0\.0\.1:\d+\/metrics/);
  expect(out).toMatch(/shows \d{2} metrics of tidegate in \d{3,} series/);
  expect(out).toMatch(/succeeded\s+│.*│\s+12 │\s+12 │\s+12 │\s+36 │/);
  expect(out).toContain('The circuit went: closed → open → half_open → closed');
  expect(out).toContain('tidegate lost 0 calls.');
  expect(code).toBe(0);
});

describe('with keys', () => {
  let simulator: Simulator | undefined;
  afterEach(() => simulator?.close());
  const live = ['--live', '--limit', '2', '--metrics-port', '0'];

  test('uses the APIs whose keys are set, and no other', async () => {
    simulator = await startSimulator({ provider: 'openai', reply: 'label', limits: { requestsPerMinute: 100 } });
    const { code, out } = await demo(live, { OPENAI_API_KEY: 'a', OPENAI_BASE_URL: simulator.url });
    expect(out).toContain('OpenAI    the real API, gpt-4o-mini');
    expect(out).not.toContain('Anthropic');
    expect(out).toMatch(/attempts sent\s+│\s+2 │\s+2 │\s+2 │\s+2 │/);
    expect(simulator.stats()).toMatchObject({ requests: 4, completed: 4 });
    expect(code).toBe(0);
  });

  test('says what was lost, and exits with 1', async () => {
    simulator = await startSimulator({ provider: 'groq', reply: 'label', apiKeys: ['right'] });
    const { code, out } = await demo(live, { GROQ_API_KEY: 'wrong', GROQ_BASE_URL: simulator.url });
    expect(out).toMatch(/What the application saw fail with tidegate:\n {2}Groq: 2 × auth - Fix the key/);
    expect(out).toContain('tidegate lost 2 calls.');
    expect(code).toBe(1);
  });

  test('needs one', async () => {
    const { code, err } = await demo(live);
    expect([code, err]).toEqual([2, expect.stringContaining('--live needs at least one of OPENAI_API_KEY')]);
  });
});

describe('the metrics endpoint', () => {
  test('takes a free port if the default one is taken, and says so', async () => {
    const other = createServer();
    // If the port is already taken, that serves the purpose too.
    await new Promise<void>((resolve) => other.once('error', () => resolve()).listen(9464, '127.0.0.1', resolve));
    try {
      const { telemetry, note } = await serveMetrics(undefined);
      expect(note).toContain('9464 is taken');
      expect(new URL(telemetry.url).port).not.toBe('9464');
      expect((await fetch(telemetry.url)).status).toBe(200);
      await telemetry.shutdown();
    } finally {
      await new Promise<void>((resolve) => other.close(() => resolve()));
    }
  });

  test('does not replace a port that was asked for', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    await expect(serveMetrics(port)).rejects.toThrow(/in use/);
    await new Promise((resolve) => other.close(resolve));
  });
});
