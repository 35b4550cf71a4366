import { Agent, Runner, setTracingDisabled, tool } from '@openai/agents-core';
import { OpenAIChatCompletionsModel, OpenAIResponsesModel } from '@openai/agents-openai';
import OpenAI from 'openai';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectCounted, expectRetried, fallible, observe, type Observed, REPLY, TOOL_REPLIES } from './simulated.ts';

beforeAll(() => setTracingDisabled(true));

const weather = tool({
  name: 'weather',
  description: 'Tells the weather',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
  strict: true,
  execute: async () => 'sun',
});

/** The Agents SDK accepts a client of OpenAI's SDK: a guarded one, or the drop-in's. */
describe.each([
  { name: 'responses', Model: OpenAIResponsesModel },
  { name: 'chat completions', Model: OpenAIChatCompletionsModel },
])('the OpenAI Agents SDK with $name', ({ name, Model }) => {
  const agentOf = ({ guard, server }: Observed, tools: Agent['tools'] = []): Agent => {
    const client = guard.wrap(new OpenAI({ apiKey: `agents-${name}`, baseURL: `${server.url}/v1` }));
    return new Agent({ name: 'Guide', instructions: 'Answer.', model: new Model(client as never, 'gpt-4o'), tools });
  };
  const question = 'What is the capital of France?';

  it('runs and streams through a guarded client; failures on the way stay invisible', async () => {
    const observed = await observe('openai');
    const agent = agentOf(observed);
    fallible(observed.server);
    const result = await new Runner().run(agent, question);
    expect(result.finalOutput).toBe(REPLY);
    fallible(observed.server);
    const streamed = await new Runner().run(agent, question, { stream: true });
    let text = '';
    for await (const delta of streamed.toTextStream()) text += delta;
    await streamed.completed;
    expect(text).toBe(REPLY);
    await expectRetried(observed, 2);
  });

  it('runs tools, whole and streamed', async () => {
    const observed = await observe('openai', TOOL_REPLIES);
    const agent = agentOf(observed, [weather]);
    const result = await new Runner().run(agent, question);
    expect(result.finalOutput).toBe(REPLY);
    const streamed = await new Runner().run(agent, question, { stream: true });
    await streamed.completed;
    expect(streamed.finalOutput).toBe(REPLY);
    await expectCounted(observed, 4);
  });
});
