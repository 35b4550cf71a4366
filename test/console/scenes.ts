import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';
import { serveGuard } from '../../src/console/serve-console.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createGuard, type GuardOptions } from '../../src/index.ts';
import { startSimulator } from '../../src/testing.ts';
import { until } from '../helpers/real-time.ts';

/** Takes readings as often as a test needs them. */
const SAMPLE_MS = 250;

/** Real guarded calls to simulated providers, with a console. */
export type Scene = 'empty' | 'healthy' | 'saturated' | 'outage';

export const SCENES: readonly Scene[] = ['empty', 'healthy', 'saturated', 'outage'];

export interface Staged {
  readonly url: string;
  close(): Promise<void>;
}

const OPTIONS: GuardOptions = {
  telemetry: false,
  prices: { '*': { input: 2, output: 8 } },
  breaker: { minimumAttempts: 3, halfOpenAfterMs: 60_000, maxHalfOpenAfterMs: 60_000 },
  retry: { initialDelayMs: 1, maxDelayMs: 5 },
};

/** Stages a scene and waits for its verdict. @param everyMs between readings of the console */
export async function stage(scene: Scene, everyMs: number = SAMPLE_MS): Promise<Staged> {
  const openai = await startSimulator({
    provider: 'openai',
    limits: scene === 'saturated' ? { requestsPerMinute: 60, tokensPerMinute: 3_000 } : { requestsPerMinute: 600 },
    latency: { baseMs: 20, perTokenMs: 0 },
    reply: () => 'A short answer.',
  });
  const anthropic = await startSimulator({ provider: 'anthropic', latency: { baseMs: 20, perTokenMs: 0 } });
  const guard = createGuard(OPTIONS);
  guard.on('warning', () => undefined);
  const served = await serveGuard(guard, { port: 0 }, systemClock, everyMs);
  const gpt = guard.wrap(new OpenAI({ apiKey: 'k', baseURL: openai.url }));
  const claude = guard.wrap(new Anthropic({ apiKey: 'k', baseURL: anthropic.url }));
  const messages = [{ role: 'user' as const, content: 'hello '.repeat(40) }];
  const ask = (model: string): Promise<unknown> =>
    gpt.chat.completions.create({ model, messages, max_tokens: 30 }).catch(() => undefined);
  const askClaude = (): Promise<unknown> =>
    claude.messages.create({ model: 'claude-sonnet-5', max_tokens: 30, messages }).catch(() => undefined);
  if (scene !== 'empty') await Promise.all([ask('gpt-4o'), ask('gpt-4o-mini'), askClaude()]);
  if (scene === 'saturated') for (let call = 0; call < 150; call++) void ask('gpt-4o');
  if (scene === 'outage') {
    anthropic.update({ faults: { script: Array.from({ length: 40 }, () => 'server_error' as const) } });
    for (let call = 0; call < 12; call++) void askClaude();
  }
  const wanted = { empty: 'idle', healthy: 'free', saturated: 'limited', outage: 'outage' }[scene];
  await shows(served.url, wanted);
  return {
    url: served.url,
    async close() {
      await served.close();
      await guard.close();
      await Promise.all([openai.close(), anthropic.close()]);
    },
  };
}

async function shows(url: string, condition: string): Promise<void> {
  const isShown = async (): Promise<boolean> => {
    const { state } = (await (await fetch(`${url}state`)).json()) as { state: { verdict: { condition: string } } };
    return state.verdict.condition === condition;
  };
  await until(`the console shows ${condition}`, isShown, 50);
}
