import { createAnthropic } from '@ai-sdk/anthropic';
import { createGroq } from '@ai-sdk/groq';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, type LanguageModel, stepCountIs, streamText, tool } from 'ai';
import { describe, expect, it } from 'vitest';
import { z } from 'zod/v4';
import type { Guard } from '../../src/guard.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { expectCounted, expectRetried, fallible, FRAMEWORK_GUARD, observe, REPLY, TOOL_REPLIES } from './simulated.ts';

/** The AI SDK accepts a fetch: one guarded fetch serves all of its providers. */
const PROVIDERS = [
  {
    name: '@ai-sdk/openai, responses',
    provider: 'openai',
    model: (fetch: Guard['fetch'], url: string): LanguageModel =>
      createOpenAI({ apiKey: 'ai-sdk-responses', baseURL: `${url}/v1`, fetch })('gpt-4o'),
  },
  {
    name: '@ai-sdk/openai, chat',
    provider: 'openai',
    model: (fetch: Guard['fetch'], url: string): LanguageModel =>
      createOpenAI({ apiKey: 'ai-sdk-chat', baseURL: `${url}/v1`, fetch }).chat('gpt-4o'),
  },
  {
    name: '@ai-sdk/anthropic',
    provider: 'anthropic',
    model: (fetch: Guard['fetch'], url: string): LanguageModel =>
      createAnthropic({ apiKey: 'ai-sdk-messages', baseURL: `${url}/v1`, fetch })('claude-sonnet-5'),
  },
  {
    name: '@ai-sdk/groq',
    provider: 'groq',
    model: (fetch: Guard['fetch'], url: string): LanguageModel =>
      createGroq({ apiKey: 'ai-sdk-groq', baseURL: `${url}/openai/v1`, fetch })('openai/gpt-oss-120b'),
  },
] as const;

const tools = {
  weather: tool({
    description: 'Tells the weather',
    inputSchema: z.object({ city: z.string() }),
    execute: async () => 'sun',
  }),
};

describe.each(PROVIDERS)('the AI SDK with $name', ({ provider, model }) => {
  const prompt = 'What is the capital of France?';

  it('generates and streams through guarded fetch; failures on the way stay invisible', async () => {
    const observed = await observe(provider);
    const { guard, server } = observed;
    const options = { model: model(guard.fetch, server.url), prompt, maxRetries: 0 };
    fallible(server);
    const generated = await generateText(options);
    expect(generated.text).toBe(REPLY);
    expect(generated.usage.outputTokens).toBeGreaterThan(0);
    fallible(server);
    const streamed = streamText(options);
    let text = '';
    for await (const delta of streamed.textStream) text += delta;
    expect(text).toBe(REPLY);
    await expectRetried(observed, 2);
  });

  it('runs tools, whole and streamed', async () => {
    const observed = await observe(provider, TOOL_REPLIES);
    const { guard, server } = observed;
    const options = { model: model(guard.fetch, server.url), prompt, tools, stopWhen: stepCountIs(3), maxRetries: 0 };
    const generated = await generateText(options);
    expect(generated.text).toBe(REPLY);
    expect(generated.steps).toHaveLength(2);
    const streamed = streamText(options);
    expect(await streamed.text).toBe(REPLY);
    expect(await streamed.steps).toHaveLength(2);
    await expectCounted(observed, 4);
  });
});

it('is told to leave retries to tidegate when the AI SDK repeats them', async () => {
  const { provider, model } = PROVIDERS[1];
  const prompt = 'What is the capital of France?';
  const { guard, events, server } = await observe(provider, { faults: { outage: { kind: 'server_error' } } });
  await expect(generateText({ model: model(guard.fetch, server.url), prompt, maxRetries: 1 })).rejects.toThrow(
    'Failed after 2 attempts',
  );
  expect(eventsOf(events, 'repeated').map(({ layer }) => layer)).toEqual(['ai_sdk']);
  const [warning, ...others] = eventsOf(events, 'warning');
  expect(warning!.message).toContain('`maxRetries: 0` in the options of generateText');
  expect(others).toEqual([]);
  // (2 of ours) x (2 of the AI SDK).
  expect(server.stats().requests).toBe(2 * FRAMEWORK_GUARD.retry.maxAttempts);
});
