import { booleanFrom, integerFrom, refuse } from '../validate.ts';
import type { ReplyOption, ReplySettings } from './reply.ts';

interface ReplyOptions {
  readonly reply?: ReplyOption;
  readonly replyTokens?: number | readonly [number, number];
  readonly toolCalls?: boolean;
}

export function resolveReply({ reply, replyTokens, toolCalls }: ReplyOptions, seed: number): ReplySettings {
  return {
    reply: replyFrom(reply),
    replyTokens: replyTokensFrom(replyTokens),
    toolCalls: booleanFrom(toolCalls, 'toolCalls', false),
    seed,
  };
}

function replyFrom(reply: unknown): ReplyOption {
  if (reply === undefined) return 'lorem';
  if (typeof reply === 'function') return reply as ReplyOption;
  if (reply !== 'lorem' && reply !== 'label') refuse('reply', "'lorem', 'label' or a function", reply);
  return reply;
}

function replyTokensFrom(value: ReplyOptions['replyTokens']): readonly [number, number] {
  if (value === undefined) return [20, 120];
  const [min, max]: readonly unknown[] = Array.isArray(value) ? value : [value, value];
  if (min === undefined || max === undefined) refuse('replyTokens', 'a number or two of them', value);
  const shortest = integerFrom(min, 'replyTokens', 1, 100_000, 1);
  return [shortest, integerFrom(max, 'replyTokens', shortest, 100_000, 1)];
}
