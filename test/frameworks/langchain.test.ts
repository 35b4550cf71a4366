import { ChatAnthropic } from '@langchain/anthropic';
import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatGroq } from '@langchain/groq';
import { ChatOpenAI } from '@langchain/openai';
import { describe, expect, it } from 'vitest';
import type { Guard } from '../../src/guard.ts';
import { eventsOf } from '../helpers/record-events.ts';
import { expectCounted, expectRetried, fallible, observe, REPLY, TOOL_REPLIES } from './simulated.ts';

type Chat = BaseChatModel & { bindTools: NonNullable<BaseChatModel['bindTools']> };

/** LangChain creates its clients with retries off, so guarded fetch, which retries below them, is the way in. */
const MODELS = [
  {
    name: '@langchain/openai',
    provider: 'openai',
    model: (fetch: Guard['fetch'], url: string, maxRetries: number) =>
      new ChatOpenAI({
        model: 'gpt-4o',
        apiKey: 'langchain-openai',
        maxRetries,
        configuration: { baseURL: `${url}/v1`, fetch },
      }),
  },
  {
    name: '@langchain/anthropic',
    provider: 'anthropic',
    model: (fetch: Guard['fetch'], url: string, maxRetries: number) =>
      new ChatAnthropic({
        model: 'claude-sonnet-5',
        apiKey: 'langchain-anthropic',
        maxRetries,
        clientOptions: { baseURL: url, fetch },
      }),
  },
  {
    name: '@langchain/groq',
    provider: 'groq',
    model: (fetch: Guard['fetch'], url: string, maxRetries: number) =>
      new ChatGroq({ model: 'openai/gpt-oss-120b', apiKey: 'langchain-groq', maxRetries, baseUrl: url, fetch }),
  },
] as const;

const weather = tool(async () => 'sun', {
  name: 'weather',
  description: 'Tells the weather',
  schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
});

describe.each(MODELS)('LangChain with $name', ({ provider, model }) => {
  it('invokes and streams through guarded fetch; failures on the way stay invisible', async () => {
    const observed = await observe(provider);
    const { guard, server } = observed;
    const chat = model(guard.fetch, server.url, 0) as unknown as Chat;
    fallible(server);
    expect((await chat.invoke('What is the capital of France?')).text).toBe(REPLY);
    fallible(server);
    let text = '';
    for await (const chunk of await chat.stream('What is the capital of France?')) text += chunk.text;
    expect(text).toBe(REPLY);
    await expectRetried(observed, 2);
  });

  it('runs tools, whole and streamed', async () => {
    const observed = await observe(provider, TOOL_REPLIES);
    const { guard, server } = observed;
    const chat = (model(guard.fetch, server.url, 0) as unknown as Chat).bindTools([weather]);
    const question = new HumanMessage('How is the weather?');
    const asked = await chat.invoke([question]);
    const [call] = asked.tool_calls!;
    expect(call!.name).toBe('weather');
    const told = new ToolMessage({ content: await weather.invoke({ city: 'Paris' }), tool_call_id: call!.id! });
    expect((await chat.invoke([question, asked, told])).text).toBe(REPLY);
    const parts: { name?: string | undefined }[] = [];
    for await (const chunk of await chat.stream([question])) parts.push(...(chunk.tool_call_chunks ?? []));
    expect(parts.find(({ name }) => name !== undefined)?.name).toBe('weather');
    await expectCounted(observed, 3);
  });

  it('is told to leave retries to tidegate when it repeats them', async () => {
    const { guard, events, server } = await observe(provider, { faults: { outage: { kind: 'server_error' } } });
    const chat = model(guard.fetch, server.url, 1) as unknown as Chat;
    await expect(chat.invoke('What is the capital of France?')).rejects.toThrow(/./);
    expect(eventsOf(events, 'repeated').map(({ layer }) => layer)).toEqual(['langchain']);
    expect(eventsOf(events, 'warning').map(({ message }) => message)).toEqual([
      expect.stringContaining('by LangChain. Its retries multiply'),
    ]);
  });
});
