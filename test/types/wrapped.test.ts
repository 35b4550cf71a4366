import type * as anthropic from '@anthropic-ai/sdk';
import type Anthropic from '@anthropic-ai/sdk';
import type { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import type * as groq from 'groq-sdk';
import type Groq from 'groq-sdk';
import type * as openai from 'openai';
import OpenAI, { type AzureOpenAI } from 'openai';
import type { APIPromise } from 'openai/core/api-promise';
import type { Stream } from 'openai/core/streaming';
import { describe, expectTypeOf, it } from 'vitest';
import type * as guardedAnthropic from '../../src/anthropic.ts';
import type { CallOutcome } from '../../src/core/event-values.ts';
import type { GuardEvent } from '../../src/core/events.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { isTidegateError, type ErrorDetails } from '../../src/errors.ts';
import { guardedFetch } from '../../src/fetch.ts';
import type * as guardedGroq from '../../src/groq.ts';
import { wrap } from '../../src/default-guard.ts';
import { createGuard } from '../../src/create-guard.ts';
import type * as guardedOpenAI from '../../src/openai.ts';
import type { GuardOptions } from '../../src/options.ts';
import { classifyError } from '../../src/providers/errors/classify-error.ts';
import { withCall } from '../../src/with-call.ts';

/** Checked by the compiler: nothing here is called. */
const unused = (_value: () => unknown): void => undefined;

describe('wrapped clients', () => {
  it('keep their type, including subclasses', () => {
    class Mine extends OpenAI {
      own = 1;
    }
    expectTypeOf(wrap<OpenAI>).returns.toEqualTypeOf<OpenAI>();
    expectTypeOf(wrap<Mine>).returns.toEqualTypeOf<Mine>();
    expectTypeOf(wrap<AzureOpenAI>).returns.toEqualTypeOf<AzureOpenAI>();
    expectTypeOf(wrap<Anthropic>).returns.toEqualTypeOf<Anthropic>();
    expectTypeOf(wrap<AnthropicBedrock>).returns.toEqualTypeOf<AnthropicBedrock>();
    expectTypeOf(createGuard().wrap<Groq>).returns.toEqualTypeOf<Groq>();
    // @ts-expect-error a client is an object
    unused(() => wrap('client'));
  });

  it('return the SDK’s promises and streams', () => {
    unused(() => {
      const client = wrap(new OpenAI());
      const messages: OpenAI.ChatCompletionMessageParam[] = [];
      const whole = client.chat.completions.create({ model: 'm', messages });
      expectTypeOf(whole).toEqualTypeOf<APIPromise<OpenAI.ChatCompletion>>();
      const streamed = client.chat.completions.create({ model: 'm', messages, stream: true });
      expectTypeOf(streamed).toEqualTypeOf<APIPromise<Stream<OpenAI.ChatCompletionChunk>>>();
      expectTypeOf(withCall({ priority: 'batch' }, () => whole)).toEqualTypeOf<APIPromise<OpenAI.ChatCompletion>>();
    });
  });
});

describe('drop-in modules', () => {
  it('export the SDKs’ types', () => {
    expectTypeOf<keyof typeof guardedOpenAI>().toEqualTypeOf<keyof typeof openai>();
    expectTypeOf<keyof typeof guardedAnthropic>().toEqualTypeOf<keyof typeof anthropic>();
    expectTypeOf<keyof typeof guardedGroq>().toEqualTypeOf<keyof typeof groq>();
    expectTypeOf<typeof guardedOpenAI.OpenAI>().toEqualTypeOf<typeof OpenAI>();
    expectTypeOf<typeof guardedOpenAI.AzureOpenAI>().toEqualTypeOf<typeof AzureOpenAI>();
    expectTypeOf<typeof guardedAnthropic.Anthropic>().toEqualTypeOf<typeof Anthropic>();
    expectTypeOf<typeof guardedGroq.default>().toEqualTypeOf<typeof Groq>();
    expectTypeOf<guardedOpenAI.APIError>().toEqualTypeOf<InstanceType<typeof OpenAI.APIError>>();
  });
});

describe('tidegate’s own types', () => {
  it('fetch is fetch', () => {
    expectTypeOf(guardedFetch).toEqualTypeOf<typeof fetch>();
    expectTypeOf(createGuard().fetch).toEqualTypeOf<typeof fetch>();
  });

  it('events are narrowed by their type', () => {
    const guard = createGuard();
    guard.on('call.end', (event) => expectTypeOf(event.outcome).toEqualTypeOf<CallOutcome>());
    guard.on('attempt.end', (event) => expectTypeOf(event.outcome).toEqualTypeOf<Outcome>());
    guard.on('warning', (event) => expectTypeOf(event).toEqualTypeOf<Extract<GuardEvent, { type: 'warning' }>>());
    // @ts-expect-error there is no such event
    guard.on('nothing', () => undefined);
  });

  it('errors are narrowed', () => {
    const thrown: unknown = new Error('x');
    expectTypeOf(classifyError).returns.toEqualTypeOf<ErrorDetails | undefined>();
    if (isTidegateError(thrown)) expectTypeOf(thrown.tidegate).toEqualTypeOf<ErrorDetails | undefined>();
  });

  it('options are optional and read-only', () => {
    expectTypeOf<object>().toExtend<Partial<GuardOptions>>();
    expectTypeOf<{ retry: false; pacing: false; breaker: false; telemetry: false }>().toExtend<GuardOptions>();
    expectTypeOf<{ retry: true }>().not.toExtend<GuardOptions>();
    expectTypeOf<{ bulkhead: false }>().not.toExtend<GuardOptions>();
  });
});
