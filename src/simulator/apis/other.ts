import { sse } from '../dialects/dialect.ts';
import type { JsonObject } from '../json.ts';
import { asArray, asObject, asString, numberOf } from '../json.ts';
import { spamLabelOf } from '../replies/spam-label.ts';
import type { Prompt } from '../replies/prompt.ts';
import { hash32, mulberry32, randomId } from '../random.ts';
import { planText } from '../replies/text-plan.ts';
import { estimateTokens } from '../replies/tokens.ts';
import type { Frame, Work, WorkContext } from './work.ts';
import { BadRequest, created, NO_USAGE } from './work.ts';

/** The older completions: one prompt, plain text. */
export function completionsWork(body: JsonObject, model: string, context: WorkContext): Work {
  const text = asArray(body.prompt).length > 0 ? asArray(body.prompt).map(asString).join('\n') : asString(body.prompt);
  const prompt: Prompt = {
    model,
    system: '',
    lastUser: text,
    text,
    cacheMarked: '',
    messages: 0,
    images: 0,
    tools: [],
    forcedTool: undefined,
    userTurn: true,
    schema: undefined,
    // The endpoint's own default.
    maxOutputTokens: numberOf(body.max_tokens) ?? 16,
    stream: body.stream === true,
  };
  const plan = planText(prompt, 1, context);
  const { pieces, truncated } = plan.reply;
  const base = {
    id: `cmpl-${randomId(context.random, 29)}`,
    object: 'text_completion',
    created: created(context),
    model,
  };
  const choice = (part: string, finish: string | null) => ({
    text: part,
    index: 0,
    logprobs: null,
    finish_reason: finish,
  });
  const finish = truncated ? 'length' : 'stop';
  const usage = {
    prompt_tokens: plan.usage.inputTokens,
    completion_tokens: plan.usage.outputTokens,
    total_tokens: plan.usage.inputTokens + plan.usage.outputTokens,
  };
  function* frames(): Generator<Frame> {
    for (const piece of pieces) yield { text: sse({ ...base, choices: [choice(piece, null)] }), tokens: 1 };
    yield { text: sse({ ...base, choices: [choice('', finish)] }), tokens: 0 };
    if (asObject(body.stream_options).include_usage === true) {
      yield { text: sse({ ...base, choices: [], usage }), tokens: 0 };
    }
    yield { text: sse('[DONE]'), tokens: 0 };
  }
  return {
    model,
    cost: plan.cost,
    usage: plan.usage,
    onAdmitted: plan.onAdmitted,
    body: () => ({ ...base, choices: [choice(pieces.join(''), finish)], usage }),
    streamApi: 'chat',
    ...(prompt.stream ? { frames } : {}),
  };
}

/** Vectors of unit length, the same for the same text. */
export function embeddingsWork(body: JsonObject, model: string, context: WorkContext): Work {
  const inputs = inputTexts(body.input);
  if (inputs.length === 0) throw new BadRequest("'input' is required", 'input');
  const size = numberOf(body.dimensions) ?? 1_536;
  const inputTokens = inputs.reduce((total, each) => total + context.countTokens(each), 0);
  const characters = inputs.reduce((total, each) => total + each.length, 0);
  return {
    model,
    cost: { inputTokens: estimateTokens(characters), cachedTokens: 0, maxOutputTokens: undefined },
    usage: { ...NO_USAGE, inputTokens },
    body: () => ({
      object: 'list',
      data: inputs.map((each, index) => ({
        object: 'embedding',
        index,
        embedding: encode(vectorOf(each, size), body.encoding_format),
      })),
      model,
      usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
    }),
  };
}

export function moderationsWork(body: JsonObject, model: string, context: WorkContext): Work {
  const inputs = inputTexts(body.input);
  const characters = inputs.reduce((total, each) => total + each.length, 0);
  return {
    model,
    cost: { inputTokens: estimateTokens(characters), cachedTokens: 0, maxOutputTokens: undefined },
    usage: { ...NO_USAGE, inputTokens: inputs.reduce((total, each) => total + context.countTokens(each), 0) },
    body: () => ({
      id: `modr-${randomId(context.random, 24)}`,
      model,
      results: inputs.map((each) => {
        const flagged = spamLabelOf(each) === 'spam';
        const categories = ['harassment', 'hate', 'illicit', 'self-harm', 'sexual', 'violence'];
        return {
          flagged,
          categories: Object.fromEntries(categories.map((name) => [name, flagged && name === 'illicit'])),
          category_scores: Object.fromEntries(
            categories.map((name) => [name, flagged && name === 'illicit' ? 0.9 : 0.0001]),
          ),
          category_applied_input_types: Object.fromEntries(categories.map((name) => [name, ['text']])),
        };
      }),
    }),
  };
}

/** Texts of an input: a string, or a list of strings, parts or token ids. */
function inputTexts(input: unknown): string[] {
  if (typeof input === 'string') return [input];
  const list = asArray(input);
  if (list.every((each) => typeof each === 'number')) return list.length === 0 ? [] : [list.join(' ')];
  return list.map((each) => {
    if (typeof each === 'string') return each;
    return Array.isArray(each) ? each.join(' ') : asString(asObject(each).text);
  });
}

function vectorOf(text: string, size: number): Float32Array {
  const random = mulberry32(hash32(text));
  const vector = Float32Array.from({ length: size }, () => random() * 2 - 1);
  const length = Math.hypot(...vector);
  return vector.map((each) => each / length);
}

function encode(vector: Float32Array, format: unknown): unknown {
  if (format === 'base64') return Buffer.from(vector.buffer).toString('base64');
  return [...vector];
}
