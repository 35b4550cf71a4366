import Anthropic from '@anthropic-ai/sdk';
import Groq from 'groq-sdk';
import OpenAI from 'openai';
import type { SimulatorProvider } from '../../src/simulator/limits/limit-rules.ts';

/** What a contestant may know of its account, as its owner would from the provider's console. */
export interface Account {
  readonly provider: SimulatorProvider;
  readonly baseURL: string;
  readonly requestsPerMinute: number;
  readonly tokensPerMinute: number;
}

export interface Question {
  readonly text: string;
  readonly maxOutputTokens: number;
}

type Body = Parameters<OpenAI['chat']['completions']['create']>[0] & { stream?: false };
type GroqBody = Parameters<Groq['chat']['completions']['create']>[0] & { stream?: false };
type Message = Anthropic.MessageCreateParamsNonStreaming;

export function bodyOf(provider: SimulatorProvider, question: Question): Body | Message {
  const messages = [{ role: 'user' as const, content: question.text }];
  switch (provider) {
    case 'anthropic':
      return { model: 'claude-haiku-4-5', max_tokens: question.maxOutputTokens, messages };
    case 'groq':
      return { model: 'llama-3.1-8b-instant', max_completion_tokens: question.maxOutputTokens, messages };
    default:
      return { model: 'gpt-4o-mini', max_completion_tokens: question.maxOutputTokens, messages };
  }
}

export interface ClientOptions {
  /** Retries by the SDK itself. Default 0: the contestant retries. */
  readonly maxRetries?: number;
  readonly fetch?: typeof fetch;
  readonly guard?: <T extends object>(client: T) => T;
}

/** One call through the provider's official SDK. */
export type Ask = (question: Question) => Promise<unknown>;

export function createAsk(
  account: Account,
  { maxRetries, fetch, guard = (client) => client }: ClientOptions = {},
): Ask {
  const { provider, baseURL } = account;
  const options = {
    apiKey: 'simulated',
    baseURL,
    ...(maxRetries === undefined ? {} : { maxRetries }),
    ...(fetch === undefined ? {} : { fetch }),
  };
  switch (provider) {
    case 'anthropic': {
      const client = guard(new Anthropic(options));
      return (question) => client.messages.create(bodyOf(provider, question) as Message);
    }
    case 'groq': {
      const client = guard(new Groq(options));
      return (question) => client.chat.completions.create(bodyOf(provider, question) as GroqBody);
    }
    default: {
      const client = guard(new OpenAI(options));
      return (question) => client.chat.completions.create(bodyOf(provider, question) as Body);
    }
  }
}
