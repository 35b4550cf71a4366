import { sse } from '../dialects/dialect.ts';
import type { JsonObject } from '../json.ts';
import { readResponses } from '../replies/prompt.ts';
import { randomId } from '../random.ts';
import type { TextPlan } from '../replies/text-plan.ts';
import { planText } from '../replies/text-plan.ts';
import type { Frame, Work, WorkContext } from './work.ts';
import { BadRequest, created } from './work.ts';

/** OpenAI's responses. */
export function responsesWork(body: JsonObject, model: string, context: WorkContext): Work {
  if (body.input === undefined && body.prompt === undefined) {
    throw new BadRequest("Missing required parameter: 'input'.", 'input');
  }
  const prompt = { model, ...readResponses(body) };
  const plan = planText(prompt, 1, context);
  const exchange: Exchange = {
    request: body,
    model,
    plan,
    context,
    id: `resp_${randomId(context.random, 48)}`,
    itemId: `${plan.reply.tool ? 'fc' : 'msg'}_${randomId(context.random, 48)}`,
    callId: `call_${randomId(context.random, 24)}`,
  };
  return {
    model,
    cost: plan.cost,
    usage: plan.usage,
    onAdmitted: plan.onAdmitted,
    body: () => finished(exchange),
    streamApi: 'responses',
    ...(prompt.stream ? { frames: () => events(exchange) } : {}),
  };
}

interface Exchange {
  readonly request: JsonObject;
  readonly model: string;
  readonly plan: TextPlan;
  readonly context: WorkContext;
  readonly id: string;
  readonly itemId: string;
  readonly callId: string;
}

function* events(exchange: Exchange): Generator<Frame> {
  let sequence = 0;
  const event = (type: string, data: JsonObject, tokens = 0): Frame => ({
    text: sse({ type, sequence_number: sequence++, ...data }, type),
    tokens,
  });
  const { itemId, plan } = exchange;
  const { pieces, tool } = plan.reply;
  const text = pieces.join('');
  const place = { item_id: itemId, output_index: 0 };
  const started = shell(exchange, 'in_progress', [], null);
  yield event('response.created', { response: started });
  yield event('response.in_progress', { response: started });
  yield event('response.output_item.added', { output_index: 0, item: item(exchange, 'in_progress', undefined) });
  if (tool) {
    for (const piece of pieces) yield event('response.function_call_arguments.delta', { ...place, delta: piece }, 1);
    yield event('response.function_call_arguments.done', { ...place, name: tool.name, arguments: text });
  } else {
    const part = { ...place, content_index: 0 };
    yield event('response.content_part.added', { ...part, part: outputText('') });
    for (const piece of pieces) {
      yield event('response.output_text.delta', { ...part, delta: piece, logprobs: [] }, 1);
    }
    yield event('response.output_text.done', { ...part, text, logprobs: [] });
    yield event('response.content_part.done', { ...part, part: outputText(text) });
  }
  yield event('response.output_item.done', { output_index: 0, item: item(exchange, status(exchange), text) });
  yield event(plan.reply.truncated ? 'response.incomplete' : 'response.completed', { response: finished(exchange) });
}

function finished(exchange: Exchange): JsonObject {
  const output = [item(exchange, status(exchange), exchange.plan.reply.pieces.join(''))];
  return shell(exchange, status(exchange), output, usage(exchange.plan));
}

function status(exchange: Exchange): string {
  return exchange.plan.reply.truncated ? 'incomplete' : 'completed';
}

/** The response object, which echoes the request's settings. */
function shell(
  exchange: Exchange,
  state: string,
  output: readonly JsonObject[],
  tokens: JsonObject | null,
): JsonObject {
  const { request, context, model, id } = exchange;
  return {
    id,
    object: 'response',
    created_at: created(context),
    status: state,
    background: false,
    error: null,
    incomplete_details: state === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    metadata: request.metadata ?? {},
    model,
    output,
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: request.previous_response_id ?? null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    store: request.store ?? true,
    temperature: request.temperature ?? 1,
    text: request.text ?? { format: { type: 'text' } },
    tool_choice: request.tool_choice ?? 'auto',
    tools: request.tools ?? [],
    top_p: request.top_p ?? 1,
    truncation: 'disabled',
    usage: tokens,
    user: null,
  };
}

function item(exchange: Exchange, state: string, text: string | undefined): JsonObject {
  const { itemId, callId, plan } = exchange;
  const { tool } = plan.reply;
  if (tool) {
    return {
      id: itemId,
      type: 'function_call',
      status: state,
      arguments: text ?? '',
      call_id: callId,
      name: tool.name,
    };
  }
  const content = text === undefined ? [] : [outputText(text)];
  return { id: itemId, type: 'message', status: state, role: 'assistant', content };
}

function outputText(text: string): JsonObject {
  return { type: 'output_text', annotations: [], logprobs: [], text };
}

function usage({ usage: used }: TextPlan): JsonObject {
  return {
    input_tokens: used.inputTokens,
    input_tokens_details: { cached_tokens: used.cachedTokens, cache_write_tokens: 0 },
    output_tokens: used.outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: used.inputTokens + used.outputTokens,
  };
}
