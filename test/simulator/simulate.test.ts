import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { CommandIo } from '../../src/commands/command-io.ts';
import { simulate } from '../../src/commands/simulate.ts';
import { CHAT, failure } from './servers.ts';

function terminal() {
  let stop = (): void => undefined;
  const untilStopped = new Promise<void>((resolve) => (stop = resolve));
  const out: string[] = [];
  const err: string[] = [];
  const io: CommandIo = {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    drained: () => Promise.resolve(),
    input: () => process.stdin,
    untilStopped,
  };
  return { io, out, err, stop: () => stop() };
}

async function failing(...args: string[]): Promise<{ code: number; err: string }> {
  const { io, err, stop } = terminal();
  stop();
  return { code: await simulate(args, io), err: err.join('\n') };
}

describe('tidegate simulate', () => {
  it('with --json prints its address, and finally its statistics', async () => {
    const { io, out, stop } = terminal();
    stop();
    expect(await simulate(['--provider', 'groq', '--json'], io)).toBe(0);
    const [first, last, ...more] = out.map((line) => JSON.parse(line) as Record<string, string>);
    expect(first).toMatchObject({ event: 'listening', provider: 'groq', env: { GROQ_BASE_URL: first!['url'] } });
    expect([last, more]).toEqual([expect.objectContaining({ event: 'end', requests: 0 }), []]);
  });

  it('runs until it is stopped and prints how to reach it', async () => {
    const { io, out, stop } = terminal();
    const args = [
      '--provider',
      'openai',
      '--preset',
      'free',
      '--latency-ms',
      '0',
      '--token-ms',
      '0',
      '--reply',
      'label',
    ];
    const running = simulate([...args, '--rpd', '2', '--seed', '5'], io);
    await expect.poll(() => out.length).toBe(2);
    expect(out[1]).toMatch(/^export OPENAI_BASE_URL=http:\/\/127\.0\.0\.1:\d+\/v1\nexport OPENAI_API_KEY=simulated$/);
    const baseURL = /OPENAI_BASE_URL=(\S+)/.exec(out[1]!)![1]!;
    const client = new OpenAI({ baseURL, apiKey: 'any', maxRetries: 0 });
    expect((await client.chat.completions.create(CHAT)).choices[0]!.message.content).toBe('ham');
    await client.chat.completions.create(CHAT);
    expect((await failure(client.chat.completions.create(CHAT))).message).toContain('(RPD): Limit 2');
    stop();
    expect(await running).toBe(0);
    expect(out[2]).toMatch(/^3 requests: 2 admitted, 1 refused by limits; at most 3 in a second/);
    await expect(client.chat.completions.create(CHAT)).rejects.toThrow('Connection error');
  });

  it('injects faults', async () => {
    const { io, out, stop } = terminal();
    const running = simulate(['--provider', 'openai', '--fault', 'server_error=1', '--neighbour', '0.2'], io);
    await expect.poll(() => out.length).toBe(2);
    const client = new OpenAI({ baseURL: out[0]!.split(' ').at(-1)!, apiKey: 'any', maxRetries: 0 });
    expect(await failure(client.chat.completions.create(CHAT))).toMatchObject({ status: 500 });
    stop();
    expect(await running).toBe(0);
  });

  it.each([
    ['azure', 'AZURE_OPENAI_ENDPOINT'],
    ['anthropic', 'ANTHROPIC_BASE_URL'],
    ['groq', 'GROQ_BASE_URL'],
  ])('%s: names %s', async (provider, variable) => {
    const { io, out, stop } = terminal();
    stop();
    expect(await simulate(['--provider', provider], io)).toBe(0);
    expect(out[1]).toContain(`export ${variable}=http://127.0.0.1:`);
  });

  it('has a help text', async () => {
    const { io, out } = terminal();
    expect(await simulate(['--help'], io)).toBe(0);
    expect(out.join('\n')).toContain('--preset <tier>');
    expect(await simulate(['--help', '--provider', 'groq'], io)).toBe(0);
    expect(out.join('\n')).toContain('flex_capacity');
  });

  it('reports wrong arguments', async () => {
    expect(await failing()).toMatchObject({ code: 2, err: expect.stringContaining('Missing --provider.') });
    expect(await failing('--provider', 'x')).toMatchObject({
      code: 2,
      err: expect.stringContaining('Expected `provider`'),
    });
    expect(await failing('--provider', 'openai', '--port', 'x')).toMatchObject({
      code: 2,
      err: expect.stringContaining('Expected --port to be a number, got "x".'),
    });
    expect(await failing('--provider', 'openai', '--fault', 'x')).toMatchObject({
      code: 2,
      err: expect.stringContaining('kind=rate'),
    });
    expect(await failing('--provider', 'openai', '--wat')).toMatchObject({
      code: 2,
      err: expect.stringContaining("'--wat'"),
    });
    expect(await failing('--provider', 'openai', 'extra')).toMatchObject({ code: 2 });
    expect(await failing('--provider', 'openai', '--host', '192.0.2.1')).toMatchObject({
      code: 1,
      err: expect.stringContaining('cannot listen'),
    });
  });
});
