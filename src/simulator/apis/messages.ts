import { sse } from '../dialects/dialect.ts';
import type { JsonObject } from '../json.ts';
import { asArray, numberOf } from '../json.ts';
import { COUNT_TOKENS_POOL } from '../limits/pool.ts';
import type { Prompt } from '../replies/prompt.ts';
import { readMessages } from '../replies/prompt.ts';
import { randomId } from '../random.ts';
import type { TextPlan } from '../replies/text-plan.ts';
import { planText } from '../replies/text-plan.ts';
import type { Frame, Work, WorkContext } from './work.ts';
import { BadRequest, NO_USAGE } from './work.ts';

/** Anthropic's messages. */
export function messagesWork(body: JsonObject, model: string, context: WorkContext): Work {
  const max = numberOf(body.max_tokens);
  if (max === undefined) throw new BadRequest('Field required', 'max_tokens');
  if (!(max >= 1)) throw new BadRequest('must be greater than or equal to 1', 'max_tokens');
  const prompt = readPrompt(body, model);
  const plan = planText(prompt, 1, context);
  const id = `msg_01${randomId(context.random, 22)}`;
  const toolId = `toolu_01${randomId(context.random, 22)}`;
  return {
    model,
    cost: plan.cost,
    usage: plan.usage,
    onAdmitted: plan.onAdmitted,
    body: () => message(id, model, plan, contentBlock(plan, toolId)),
    streamApi: 'messages',
    ...(prompt.stream ? { frames: () => events(id, toolId, model, plan) } : {}),
  };
}

/** Counting tokens has a request limit of its own and costs no tokens. */
export function countTokensWork(body: JsonObject, model: string, context: WorkContext): Work {
  const plan = planText(readPrompt(body, model), 1, context);
  return {
    model: COUNT_TOKENS_POOL,
    cost: { inputTokens: 0, cachedTokens: 0, maxOutputTokens: 0 },
    usage: NO_USAGE,
    body: () => ({ input_tokens: plan.usage.inputTokens }),
  };
}

function readPrompt(body: JsonObject, model: string): Prompt {
  if (asArray(body.messages).length === 0) throw new BadRequest('at least one message is required', 'messages');
  return { model, ...readMessages(body) };
}

function message(id: string, model: string, plan: TextPlan, block: JsonObject): JsonObject {
  return {
    id,
    type: 'message',
    role: 'assistant',
    model,
    container: null,
    content: [block],
    stop_reason: stopReason(plan),
    stop_details: null,
    stop_sequence: null,
    usage: usage(plan, plan.usage.outputTokens),
  };
}

function* events(id: string, toolId: string, model: string, plan: TextPlan): Generator<Frame> {
  const event = (type: string, data: JsonObject = {}, tokens = 0): Frame => ({
    text: sse({ type, ...data }, type),
    tokens,
  });
  const { pieces, tool } = plan.reply;
  const start = { ...message(id, model, plan, {}), content: [], stop_reason: null, usage: usage(plan, 1) };
  yield event('message_start', { message: start });
  const block = tool ? { type: 'tool_use', id: toolId, name: tool.name, input: {} } : { type: 'text', text: '' };
  yield event('content_block_start', { index: 0, content_block: block });
  yield event('ping');
  for (const piece of pieces) {
    const delta = tool ? { type: 'input_json_delta', partial_json: piece } : { type: 'text_delta', text: piece };
    yield event('content_block_delta', { index: 0, delta }, 1);
  }
  yield event('content_block_stop', { index: 0 });
  yield event('message_delta', {
    delta: { stop_reason: stopReason(plan), stop_sequence: null },
    usage: deltaUsage(plan),
  });
  yield event('message_stop');
}

function contentBlock(plan: TextPlan, toolId: string): JsonObject {
  const { pieces, tool, truncated } = plan.reply;
  const text = pieces.join('');
  if (!tool) return { type: 'text', text, citations: null };
  // Arguments that max_tokens cut off are not JSON.
  return { type: 'tool_use', id: toolId, name: tool.name, input: truncated ? {} : JSON.parse(text) };
}

function stopReason(plan: TextPlan): string {
  if (plan.reply.truncated) return 'max_tokens';
  return plan.reply.tool ? 'tool_use' : 'end_turn';
}

/** Input tokens as Anthropic splits them: uncached, written to the cache and read from it. */
function inputUsage(plan: TextPlan): JsonObject {
  const { inputTokens, cachedTokens } = plan.usage;
  return {
    input_tokens: inputTokens - cachedTokens - plan.cacheWriteTokens,
    cache_creation_input_tokens: plan.cacheWriteTokens,
    cache_read_input_tokens: cachedTokens,
  };
}

function usage(plan: TextPlan, outputTokens: number): JsonObject {
  return {
    ...inputUsage(plan),
    cache_creation: { ephemeral_5m_input_tokens: plan.cacheWriteTokens, ephemeral_1h_input_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: null,
    server_tool_use: null,
    service_tier: 'standard',
    speed: 'standard',
    inference_geo: null,
  };
}

/** Cumulative, not a difference. */
function deltaUsage(plan: TextPlan): JsonObject {
  return { ...inputUsage(plan), output_tokens: plan.usage.outputTokens, server_tool_use: null };
}
