import { backsOff, type SampleFile } from './sample.ts';

const error = (message: string): object => ({ error: { code: 429, message, status: 'RESOURCE_EXHAUSTED' } });
const HELP =
  'Please submit a quota increase request. https://cloud.google.com/vertex-ai/docs/generative-ai/quotas-genai.';
export const VERTEX_SAMPLES: SampleFile = {
  title: 'Anthropic on Vertex AI',
  adapter: 'gcp.vertex_ai',
  samples: [
    {
      name: 'input tokens per minute',
      status: 429,
      body: error(
        `Quota exceeded for aiplatform.googleapis.com/online_prediction_input_tokens_per_minute_per_base_model with base model: anthropic-claude-opus-4. ${HELP}`,
      ),
      source: 'github.com/anthropics/claude-code/issues/1440',
      date: '2025-05-30',
      ...backsOff,
      dimension: 'input_tokens',
    },
    {
      name: 'requests',
      status: 429,
      body: [
        error(
          `Quota exceeded for aiplatform.googleapis.com/online_prediction_requests_per_base_model with base model: anthropic-claude-3-5-sonnet-v2. ${HELP}`,
        ),
      ],
      source: 'github.com/cline/cline/issues/651',
      date: '2024-10-30',
      ...backsOff,
      dimension: 'requests',
    },
  ],
};
