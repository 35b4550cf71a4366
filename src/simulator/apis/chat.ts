import { sse } from '../dialects/dialect.ts';
import type { JsonObject } from '../json.ts';
import { asArray, asObject, numberOf } from '../json.ts';
import { readChat } from '../replies/prompt.ts';
import { randomId } from '../random.ts';
import type { TextPlan } from '../replies/text-plan.ts';
import { planText } from '../replies/text-plan.ts';
import type { Frame, Work, WorkContext } from './work.ts';
import { BadRequest, created } from './work.ts';

const UNFILTERED = { filtered: false, severity: 'safe' };
const FILTERS = { hate: UNFILTERED, self_harm: UNFILTERED, sexual: UNFILTERED, violence: UNFILTERED };

/** Chat completions as OpenAI, Azure and Groq write them. */
export function chatWork(body: JsonObject, model: string, context: WorkContext): Work {
  if (asArray(body.messages).length === 0) {
    throw new BadRequest("Invalid 'messages': empty array. Expected an array with minimum length 1.", 'messages');
  }
  const prompt = { model, ...readChat(body) };
  const choices = numberOf(body.n) ?? 1;
  if (!Number.isInteger(choices) || choices < 1 || choices > 128) {
    throw new BadRequest("Invalid 'n': integer out of range. Expected a value from 1 to 128.", 'n');
  }
  const plan = planText(prompt, choices, context);
  const chat: Chat = {
    id: `chatcmpl-${randomId(context.random, 29)}`,
    callId: `call_${randomId(context.random, 24)}`,
    model,
    choices,
    plan,
    context,
    includeUsage: asObject(body.stream_options).include_usage === true,
  };
  return {
    model,
    cost: plan.cost,
    usage: plan.usage,
    onAdmitted: plan.onAdmitted,
    body: () => completion(chat),
    streamApi: 'chat',
    ...(prompt.stream ? { frames: () => chunks(chat) } : {}),
  };
}

interface Chat {
  readonly id: string;
  readonly callId: string;
  readonly model: string;
  readonly choices: number;
  readonly plan: TextPlan;
  readonly context: WorkContext;
  readonly includeUsage: boolean;
}

function completion(chat: Chat): JsonObject {
  const { reply } = chat.plan;
  const text = reply.pieces.join('');
  const message = reply.tool
    ? { role: 'assistant', content: null, refusal: null, tool_calls: [toolCall(chat, text)] }
    : { role: 'assistant', content: text, refusal: null, annotations: [] };
  const filters = chat.context.provider === 'azure' ? { content_filter_results: FILTERS } : {};
  return {
    id: chat.id,
    object: 'chat.completion',
    created: created(chat.context),
    model: chat.model,
    choices: Array.from({ length: chat.choices }, (_, index) => ({
      index,
      message,
      logprobs: null,
      finish_reason: finishReason(chat),
      ...filters,
    })),
    usage: chatUsage(chat),
    ...ending(chat),
  };
}

function* chunks(chat: Chat): Generator<Frame> {
  const { provider, requestId } = chat.context;
  const { reply } = chat.plan;
  const base = {
    id: chat.id,
    object: 'chat.completion.chunk',
    created: created(chat.context),
    model: chat.model,
    system_fingerprint: 'fp_21e59ac2de',
  };
  const withNull = chat.includeUsage ? { usage: null } : {};
  const chunk = (index: number, delta: JsonObject, tokens: number, rest: JsonObject = {}): Frame => ({
    text: sse({
      ...base,
      choices: [{ index, delta, logprobs: null, finish_reason: null }],
      ...withNull,
      ...rest,
    }),
    tokens,
  });
  if (provider === 'azure') {
    // Azure begins with a chunk that has no choice and no id.
    const filters = [{ prompt_index: 0, content_filter_results: FILTERS }];
    const data = { choices: [], created: 0, id: '', model: '', object: '', prompt_filter_results: filters };
    yield { text: sse(data), tokens: 0 };
  }
  const first = provider === 'groq' ? { x_groq: { id: requestId, seed: chat.context.settings.seed } } : {};
  for (let index = 0; index < chat.choices; index += 1) {
    if (reply.tool) {
      const call = { index: 0, ...toolCall(chat, '') };
      yield chunk(index, { role: 'assistant', content: null, tool_calls: [call] }, 0, first);
    } else {
      yield chunk(index, { role: 'assistant', content: '', refusal: null }, 0, first);
    }
  }
  for (const piece of reply.pieces) {
    const delta = reply.tool ? { tool_calls: [{ index: 0, function: { arguments: piece } }] } : { content: piece };
    for (let index = 0; index < chat.choices; index += 1) yield chunk(index, delta, 1);
  }
  for (let index = 0; index < chat.choices; index += 1) {
    const last = provider === 'groq' ? { x_groq: { id: requestId, usage: chatUsage(chat) } } : {};
    const choice = { index, delta: {}, logprobs: null, finish_reason: finishReason(chat) };
    yield { text: sse({ ...base, choices: [choice], ...withNull, ...last }), tokens: 0 };
  }
  if (chat.includeUsage) yield { text: sse({ ...base, choices: [], usage: chatUsage(chat) }), tokens: 0 };
  yield { text: sse('[DONE]'), tokens: 0 };
}

function toolCall(chat: Chat, text: string): JsonObject {
  return { id: chat.callId, type: 'function', function: { name: chat.plan.reply.tool?.name, arguments: text } };
}

function finishReason(chat: Chat): string {
  if (chat.plan.reply.truncated) return 'length';
  return chat.plan.reply.tool ? 'tool_calls' : 'stop';
}

function chatUsage(chat: Chat): JsonObject {
  const { inputTokens, cachedTokens, outputTokens } = chat.plan.usage;
  const counts = {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
  };
  if (chat.context.provider === 'groq') {
    return {
      queue_time: 0.02,
      prompt_time: inputTokens / 20_000,
      completion_time: outputTokens / 500,
      total_time: inputTokens / 20_000 + outputTokens / 500,
      ...counts,
      ...(cachedTokens > 0 ? { prompt_tokens_details: { cached_tokens: cachedTokens } } : {}),
    };
  }
  return {
    ...counts,
    prompt_tokens_details: { cached_tokens: cachedTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

/** The chunk after the usage. */
function ending(chat: Chat): JsonObject {
  const { provider, requestId, settings } = chat.context;
  const fingerprint = { system_fingerprint: 'fp_21e59ac2de' };
  if (provider !== 'groq') return { service_tier: 'default', ...fingerprint };
  return {
    usage_breakdown: null,
    ...fingerprint,
    x_groq: { id: requestId, seed: settings.seed },
    service_tier: 'on_demand',
  };
}
