import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { afterTest } from '../../helpers/after-test.ts';
import { dispatch } from '../../../src/commands/dispatch.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../../src/testing.ts';
import { FakeIo } from '../fake-io.ts';
import { until as realUntil } from '../../helpers/real-time.ts';

export type Provider = 'openai' | 'anthropic' | 'groq';

const MODELS = { openai: 'gpt-4o-mini', anthropic: 'claude-haiku-4-5', groq: 'llama-3.1-8b-instant' };

export let folder: string;

/** For the top of a test file. A hook of this module's own would run for the first file of a worker only. */
export function useProviderRuns(): void {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'provider-'));
  });
  afterEach(async () => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });
}

export const at = (name: string): string => join(folder, name);

export async function simulate(provider: Provider, options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const simulator = await startSimulator({
    provider,
    reply: ({ prompt }) => `re: ${prompt}`,
    limits: { requestsPerMinute: 60_000 },
    latency: { baseMs: 1 },
    ...options,
  });
  afterTest(() => simulator.close());
  vi.stubEnv(`${provider.toUpperCase()}_API_KEY`, 'sk-provider-test');
  return simulator;
}

export const row = (provider: Provider, id: string, more: object = {}): string => {
  const body = {
    model: MODELS[provider],
    max_tokens: 20,
    messages: [{ role: 'user', content: `mail ${id}` }],
    ...more,
  };
  return JSON.stringify(
    provider === 'anthropic'
      ? { custom_id: id, params: body }
      : { custom_id: id, method: 'POST', url: '/v1/chat/completions', body },
  );
};

export function start(simulator: Pick<Simulator, 'url'>, provider: Provider, ...args: string[]) {
  const io = new FakeIo();
  const all = ['batch', at('in.jsonl'), '--out', at('out.jsonl'), '--provider', provider, '--base-url', simulator.url];
  const code = dispatch([...all, '--via', 'provider-batch', '--poll', '0.05', ...args], io, '1');
  return { io, code, err: () => io.errLines.join('\n') };
}

export const lines = async (name: string): Promise<Record<string, any>[]> =>
  (await readFile(at(name), 'utf8'))
    .split('\n')
    .filter((each) => each !== '')
    .map((each) => JSON.parse(each) as Record<string, any>);

export const ids = async (name: string): Promise<string[]> =>
  (await lines(name)).map((each) => each['custom_id'] as string);

export const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `row.${index}`);

export const until = (seen: () => boolean): Promise<void> => realUntil('the run gets there', seen);
