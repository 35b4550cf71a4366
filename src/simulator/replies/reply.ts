import { spamLabelOf } from './spam-label.ts';
import type { SimulatorProvider } from '../limits/limit-rules.ts';
import type { Prompt } from './prompt.ts';
import { hash32, mulberry32 } from '../random.ts';
import { valueForSchema } from './schema-value.ts';
import { splitTokens } from './tokens.ts';

/** Input of a reply function. */
export interface ReplyRequest {
  readonly provider: SimulatorProvider;
  readonly model: string;
  readonly system: string;
  /** The user's last message. */
  readonly prompt: string;
}

/**
 * What answers say: `lorem` for filler of `replyTokens` length, `label` for `spam` or `ham` by a keyword score over
 * the user's last message, or a function that returns the text.
 */
export type ReplyOption = 'lorem' | 'label' | ((request: ReplyRequest) => string);

export interface ReplySettings {
  readonly reply: ReplyOption;
  /** Minimum and maximum length of the filler in tokens. */
  readonly replyTokens: readonly [number, number];
  readonly toolCalls: boolean;
  readonly seed: number;
}

/** An answer, cut to the tokens that the request allows. */
export interface Reply {
  /** Tokens of the text, or of the tool call's arguments; joined, they are the whole. */
  readonly pieces: readonly string[];
  readonly tool: { readonly name: string } | undefined;
  readonly truncated: boolean;
}

const WORDS =
  'lorem ipsum dolor sit amet elit sed do tempor ut labore et magna aliqua enim ad minim veniam quis nostrud ' +
  'ullamco laboris nisi ex ea commodo duis aute irure in velit esse cillum eu fugiat nulla sint non proident sunt ' +
  'culpa qui officia mollit anim id est laborum';
const LOREM = WORDS.split(' ');

/** The answer to a prompt, deterministic for the same prompt, settings and seed. */
export function replyTo(prompt: Prompt, provider: SimulatorProvider, settings: ReplySettings): Reply {
  const tool = toolToCall(prompt, settings);
  const text = tool
    ? JSON.stringify(valueForSchema(tool.parameters, textFor(prompt, provider, settings)) ?? {})
    : contentFor(prompt, provider, settings);
  const pieces = splitTokens(text);
  const max = prompt.maxOutputTokens ?? Infinity;
  return {
    pieces: pieces.length > max ? pieces.slice(0, max) : pieces,
    tool: tool && { name: tool.name },
    truncated: pieces.length > max,
  };
}

function toolToCall(prompt: Prompt, settings: ReplySettings): Prompt['tools'][number] | undefined {
  if (!prompt.userTurn) return undefined;
  if (prompt.forcedTool) return prompt.tools.find((tool) => tool.name === prompt.forcedTool);
  return prompt.forcedTool === '' || settings.toolCalls ? prompt.tools[0] : undefined;
}

function contentFor(prompt: Prompt, provider: SimulatorProvider, settings: ReplySettings): string {
  const text = textFor(prompt, provider, settings);
  return prompt.schema === undefined ? text : JSON.stringify(valueForSchema(prompt.schema, text));
}

function textFor(prompt: Prompt, provider: SimulatorProvider, settings: ReplySettings): string {
  const { reply, replyTokens, seed } = settings;
  if (typeof reply === 'function') {
    return reply({ provider, model: prompt.model, system: prompt.system, prompt: prompt.lastUser });
  }
  if (reply === 'label') return spamLabelOf(prompt.lastUser);
  const random = mulberry32(hash32(prompt.text, seed));
  const length = replyTokens[0] + Math.floor(random() * (replyTokens[1] - replyTokens[0] + 1));
  // Each word is one token together with the space before it.
  return Array.from({ length }, () => LOREM[Math.floor(random() * LOREM.length)]).join(' ');
}
