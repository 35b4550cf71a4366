import Anthropic from '@anthropic-ai/sdk';
import Groq from 'groq-sdk';
import OpenAI from 'openai';

export const PROVIDERS = ['openai', 'anthropic', 'groq'] as const;
export type ProviderId = (typeof PROVIDERS)[number];

export const TITLES: Readonly<Record<ProviderId, string>> = {
  openai: 'OpenAI',
  anthropic: 'Anthropic',
  groq: 'Groq',
};

export type Label = 'spam' | 'ham';

/** Address and credentials of a provider; everything else is the SDK's default. */
export interface Access {
  readonly apiKey: string;
  readonly baseURL?: string;
  readonly fetch?: typeof fetch;
}

/** Guards a client, or leaves it as it is. */
export type Guarding = <T extends object>(client: T) => T;

/** @throws the SDK's error; an Error when the answer is neither spam nor ham */
export type Classify = (text: string) => Promise<Label>;

const INSTRUCTION = 'You sort e-mail. Answer with one word, spam or ham, and nothing else.';
const MAX_OUTPUT_TOKENS = 16;

/** The same few lines whether or not the client is guarded: all the code that an application needs. */
export function createClassifier(provider: ProviderId, model: string, access: Access, guard: Guarding): Classify {
  switch (provider) {
    case 'openai': {
      const client = guard(new OpenAI(access));
      return async (text) => {
        const answer = await client.chat.completions.create({
          model,
          max_completion_tokens: MAX_OUTPUT_TOKENS,
          messages: chat(text),
        });
        return labelFrom(answer.choices[0]?.message.content);
      };
    }
    case 'anthropic': {
      const client = guard(new Anthropic(access));
      return async (text) => {
        const answer = await client.messages.create({
          model,
          max_tokens: MAX_OUTPUT_TOKENS,
          system: INSTRUCTION,
          messages: [{ role: 'user', content: text }],
        });
        const [block] = answer.content;
        return labelFrom(block?.type === 'text' ? block.text : undefined);
      };
    }
    case 'groq': {
      const client = guard(new Groq(access));
      return async (text) => {
        const answer = await client.chat.completions.create({
          model,
          max_completion_tokens: MAX_OUTPUT_TOKENS,
          messages: chat(text),
        });
        return labelFrom(answer.choices[0]?.message.content);
      };
    }
  }
}

/** The same question to OpenAI, with a streamed answer. */
export function createStreamClassifier(model: string, access: Access, guard: Guarding): Classify {
  const client = guard(new OpenAI(access));
  return async (text) => {
    const stream = await client.chat.completions.create({
      model,
      max_completion_tokens: MAX_OUTPUT_TOKENS,
      messages: chat(text),
      stream: true,
      stream_options: { include_usage: true },
    });
    let answer = '';
    for await (const chunk of stream) answer += chunk.choices[0]?.delta.content ?? '';
    return labelFrom(answer);
  };
}

function chat(text: string): { role: 'system' | 'user'; content: string }[] {
  return [
    { role: 'system', content: INSTRUCTION },
    { role: 'user', content: text },
  ];
}

function labelFrom(answer: string | null | undefined): Label {
  const word = /\b(spam|ham)\b/i.exec(answer ?? '')?.[1]?.toLowerCase();
  if (word !== 'spam' && word !== 'ham') throw new Error('The answer is neither spam nor ham.');
  return word;
}
