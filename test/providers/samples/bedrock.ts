import { type SampleFile } from './sample.ts';

const headers = { 'x-amzn-errortype': 'ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/' };
const refused = { status: 429, headers, outcome: 'throttled', sends: 2, holds: 'the model' } as const;

export const BEDROCK_SAMPLES: SampleFile = {
  title: 'Anthropic on Bedrock',
  adapter: 'aws.bedrock',
  samples: [
    {
      name: 'tokens',
      body: { message: 'Too many tokens, please wait before trying again.' },
      source: 'github.com/anthropics/claude-code/issues/236',
      date: '2025-02-28',
      ...refused,
      dimension: 'tokens',
    },
    {
      name: 'requests',
      body: { message: 'Too many requests, please wait before trying again.' },
      source: 'github.com/lobehub/lobehub/issues/3994',
      date: '2024-09-17',
      ...refused,
      dimension: 'requests',
    },
    {
      name: 'requests, said twice',
      body: {
        message:
          'Too many requests, please wait before trying again. You have sent too many requests. Wait before trying again.',
      },
      source: 'github.com/i-dot-ai/caddy-chatbot/issues/97',
      date: '2024-04-19',
      ...refused,
      dimension: 'requests',
    },
    {
      name: 'tokens per day',
      body: { message: 'Too many tokens per day, please wait before trying again.' },
      source: 'recorded answer',
      date: '2025-08',
      ...refused,
      dimension: 'tokens_day',
    },
    {
      name: 'the type in the body',
      body: { __type: 'com.amazon.coral.availability#ThrottlingException', message: 'Rate exceeded' },
      source: 'docs.aws.amazon.com: JSON protocol, `__type`',
      date: '2025',
      ...refused,
      headers: {},
      status: 400,
      dimension: 'unknown',
    },
  ],
};
