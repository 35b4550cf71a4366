import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

const MAIN = new URL('../../demo/workload.ts', import.meta.url).pathname;

test('keeps calling, goes through its scenes, and ends when it is stopped', async () => {
  const child = spawn(process.execPath, [MAIN, '--metrics-port', '0', '--minute-ms', '500'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    let out = '';
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    await new Promise<void>((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text;
        if (out.includes('neighbour')) resolve();
      });
      child.once('close', () => reject(new Error(`ended early: ${out}${err}`)));
    });
    const metrics = await (await fetch(/Metrics: (\S+)/.exec(out)![1]!)).text();
    for (const provider of ['openai', 'anthropic', 'groq']) {
      const calls = new RegExp(`^tidegate_calls_total\\{.*"${provider}".*tidegate_outcome="success"\\} (\\d+)$`, 'm');
      expect(Number(calls.exec(metrics)?.[1])).toBeGreaterThan(2);
    }
    expect(metrics).toMatch(/^tidegate_streams_total\{.*tidegate_stream_outcome="completed"\} [1-9]/m);
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    expect([(await ended)[0], err]).toEqual([0, '']);
  } finally {
    child.kill('SIGKILL');
  }
});
