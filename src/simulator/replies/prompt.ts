import type { JsonObject } from '../json.ts';
import { asArray, asObject, asString, numberOf } from '../json.ts';

/** A tool that the model may call. */
export interface ToolSpec {
  readonly name: string;
  readonly parameters: unknown;
}

/** A request for text, whatever its API. */
export interface Prompt {
  readonly model: string;
  readonly system: string;
  /** The user's last message. */
  readonly lastUser: string;
  /** Everything that is counted as input. */
  readonly text: string;
  /** Part of `text` up to the last cache marker (Anthropic); empty where there is none. */
  readonly cacheMarked: string;
  readonly messages: number;
  readonly images: number;
  readonly tools: readonly ToolSpec[];
  /** Name of the tool that must be called; '' for any. */
  readonly forcedTool: string | undefined;
  /** The last message is the user's, not a tool's result. */
  readonly userTurn: boolean;
  readonly schema: unknown;
  readonly maxOutputTokens: number | undefined;
  readonly stream: boolean;
}

interface Content {
  readonly text: string;
  readonly images: number;
  readonly toolResult: boolean;
}

/** Chat completions of OpenAI, Azure and Groq. */
export function readChat(body: JsonObject): Omit<Prompt, 'model'> {
  const messages = asArray(body.messages).map(asObject);
  const parts = messages.map((message) => contentOf(message.content));
  const system = messages.flatMap((message, at) =>
    message.role === 'system' || message.role === 'developer' ? [parts[at]!.text] : [],
  );
  const lastUser = messages.findLastIndex((message) => message.role === 'user');
  const tools = asArray(body.tools).map((tool) => toolOf(asObject(asObject(tool).function), 'parameters'));
  const format = asObject(body.response_format);
  const max = numberOf(body.max_completion_tokens) ?? numberOf(body.max_tokens);
  return {
    system: system.join('\n'),
    lastUser: parts[lastUser]?.text ?? '',
    text: joined([...parts.map((part) => part.text), toolText(body.tools)]),
    cacheMarked: '',
    messages: messages.length,
    images: sum(parts),
    tools,
    forcedTool: forcedTool(body.tool_choice, tools),
    userTurn: messages.at(-1)?.role === 'user',
    schema: format.type === 'json_schema' ? asObject(format.json_schema).schema : undefined,
    maxOutputTokens: max === undefined ? undefined : max * (numberOf(body.n) ?? 1),
    stream: body.stream === true,
  };
}

/** OpenAI's responses. */
export function readResponses(body: JsonObject): Omit<Prompt, 'model'> {
  const items =
    typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : asArray(body.input).map(asObject);
  const parts = items.map((item) => contentOf(item.content ?? item.output));
  const lastUser = items.findLastIndex((item) => item.role === 'user');
  const tools = asArray(body.tools)
    .map(asObject)
    .filter((tool) => tool.type === 'function')
    .map((tool) => toolOf(tool, 'parameters'));
  const format = asObject(asObject(body.text).format);
  return {
    system: asString(body.instructions),
    lastUser: parts[lastUser]?.text ?? '',
    text: joined([asString(body.instructions), ...parts.map((part) => part.text), toolText(body.tools)]),
    cacheMarked: '',
    messages: items.length,
    images: sum(parts),
    tools,
    forcedTool: forcedTool(body.tool_choice, tools),
    userTurn: items.at(-1)?.role === 'user',
    schema: format.type === 'json_schema' ? format.schema : undefined,
    maxOutputTokens: numberOf(body.max_output_tokens),
    stream: body.stream === true,
  };
}

/** Anthropic's messages. */
export function readMessages(body: JsonObject): Omit<Prompt, 'model'> {
  const messages = asArray(body.messages).map(asObject);
  const parts = messages.map((message) => contentOf(message.content));
  const lastUser = parts.findLastIndex((part, at) => messages[at]!.role === 'user' && !part.toolResult);
  const tools = asArray(body.tools).map((tool) => toolOf(asObject(tool), 'input_schema'));
  const format = asObject(asObject(body.output_config).format ?? body.output_format);
  const system = contentOf(body.system).text;
  // Anthropic's order of caching: tools, system, messages.
  const order: unknown[] = [
    ...asArray(body.tools),
    ...blocks(body.system),
    ...messages.flatMap((each) => blocks(each.content)),
  ];
  const marked = order.findLastIndex(
    (block) => asObject(block).cache_control !== undefined && asObject(block).cache_control !== null,
  );
  return {
    system,
    lastUser: parts[lastUser]?.text ?? '',
    text: joined([toolText(body.tools), system, ...parts.map((part) => part.text)]),
    cacheMarked: order
      .slice(0, marked + 1)
      .map(cachedText)
      .join('\n'),
    messages: messages.length,
    images: sum(parts),
    tools,
    forcedTool: forcedTool(body.tool_choice, tools),
    userTurn: messages.at(-1)?.role === 'user' && !parts.at(-1)!.toolResult,
    schema: format.type === 'json_schema' ? format.schema : undefined,
    maxOutputTokens: numberOf(body.max_tokens),
    stream: body.stream === true,
  };
}

function cachedText(block: unknown): string {
  return asObject(block).input_schema === undefined ? contentOf([block]).text : JSON.stringify(block);
}

function blocks(content: unknown): unknown[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : asArray(content);
}

/** The text of a message: a string, or parts of several kinds that may nest. */
function contentOf(content: unknown): Content {
  if (typeof content === 'string') return { text: content, images: 0, toolResult: false };
  const texts: string[] = [];
  let images = 0;
  let toolResult = false;
  for (const part of asArray(content).map(asObject)) {
    const type = asString(part.type);
    if (type.includes('image')) images += 1;
    else if (type === 'tool_result') {
      toolResult = true;
      texts.push(contentOf(part.content).text);
    } else texts.push(asString(part.text));
  }
  return { text: texts.join('\n'), images, toolResult };
}

function toolOf(tool: JsonObject, parameters: string): ToolSpec {
  return { name: asString(tool.name), parameters: tool[parameters] };
}

function toolText(tools: unknown): string {
  return asArray(tools).length === 0 ? '' : JSON.stringify(tools);
}

/** All three APIs' ways to demand a tool. */
function forcedTool(choice: unknown, tools: readonly ToolSpec[]): string | undefined {
  if (tools.length === 0) return undefined;
  if (choice === 'required') return '';
  const { type, name, function: named } = asObject(choice);
  if (type === 'any') return '';
  if (type !== 'tool' && type !== 'function') return undefined;
  return asString(asObject(named).name ?? name);
}

function joined(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n');
}

function sum(parts: readonly Content[]): number {
  return parts.reduce((total, part) => total + part.images, 0);
}
