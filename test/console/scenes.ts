import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';
import { serveGuard } from '../../src/console/serve-console.ts';
import { GuardCore } from '../../src/guard.ts';
import type { GuardOptions } from '../../src/index.ts';
import { startSimulator } from '../../src/testing.ts';
import { socketsQuiet } from '../helpers/socket-clock.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

/** Between readings of the console. */
const SAMPLE_MS = 250;
const MAX_STAGING_MS = 60_000;

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

/** Stages a scene and stops its time at its verdict: what the page shows does not depend on when it is opened. */
export async function stage(scene: Scene): Promise<Staged> {
  const clock = new VirtualClock({ wall: Date.now() });
  const openai = await startSimulator({
    provider: 'openai',
    clock,
    limits: scene === 'saturated' ? { requestsPerMinute: 60, tokensPerMinute: 3_000 } : { requestsPerMinute: 600 },
    latency: { baseMs: 20, perTokenMs: 0 },
    reply: () => 'A short answer.',
  });
  const anthropic = await startSimulator({ provider: 'anthropic', clock, latency: { baseMs: 20, perTokenMs: 0 } });
  const guard = new GuardCore(OPTIONS, { clock });
  guard.on('warning', () => undefined);
  const served = await serveGuard(guard, { port: 0 }, clock, SAMPLE_MS);
  const gpt = guard.wrap(new OpenAI({ apiKey: 'k', baseURL: openai.url }));
  const claude = guard.wrap(new Anthropic({ apiKey: 'k', baseURL: anthropic.url }));
  const messages = [{ role: 'user' as const, content: 'hello '.repeat(40) }];
  const ask = (model: string): Promise<unknown> =>
    gpt.chat.completions.create({ model, messages, max_tokens: 30 }).catch(() => undefined);
  const askClaude = (): Promise<unknown> =>
    claude.messages.create({ model: 'claude-sonnet-5', max_tokens: 30, messages }).catch(() => undefined);
  if (scene !== 'empty') {
    let answered = 0;
    for (const call of [ask('gpt-4o'), ask('gpt-4o-mini'), askClaude()]) void call.then(() => answered++);
    await pass(clock, 'the calls are answered', () => answered === 3);
  }
  if (scene === 'saturated') for (let call = 0; call < 150; call++) void ask('gpt-4o');
  if (scene === 'outage') {
    anthropic.update({ faults: { script: Array.from({ length: 40 }, () => 'server_error' as const) } });
    for (let call = 0; call < 12; call++) void askClaude();
  }
  const wanted = { empty: 'idle', healthy: 'free', saturated: 'limited', outage: 'outage' }[scene];
  await pass(clock, `the console shows ${wanted}`, async () => (await shown(served.url)) === wanted);
  return {
    url: served.url,
    async close() {
      await served.close();
      await guard.close();
      await Promise.all([openai.close(), anthropic.close()]);
    },
  };
}

async function shown(url: string): Promise<string> {
  const { state } = (await (await fetch(`${url}state`)).json()) as { state: { verdict: { condition: string } } };
  return state.verdict.condition;
}

/** Lets time pass, timer by timer, until the condition holds. */
async function pass(clock: VirtualClock, what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const until = clock.now() + MAX_STAGING_MS;
  for (;;) {
    await socketsQuiet();
    if (await holds()) return;
    if (clock.now() > until) throw new Error(`Expected that ${what}`);
    await clock.advance(clock.nextIn() ?? 1);
  }
}
