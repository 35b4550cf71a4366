import { ANTHROPIC_SAMPLES } from './anthropic.ts';
import { AZURE_SAMPLES } from './azure.ts';
import { BEDROCK_SAMPLES } from './bedrock.ts';
import { CHINESE_SAMPLES } from './chinese.ts';
import { DEEPSEEK_SAMPLES } from './deepseek.ts';
import { FIREWORKS_SAMPLES } from './fireworks.ts';
import { GOOGLE_SAMPLES } from './google.ts';
import { GROQ_SAMPLES } from './groq.ts';
import { MISTRAL_SAMPLES } from './mistral.ts';
import { OPENAI_SAMPLES } from './openai.ts';
import { OPENROUTER_SAMPLES } from './openrouter.ts';
import type { SampleFile } from './sample.ts';
import { OTHER_SAMPLES } from './others.ts';
import { TOGETHER_SAMPLES } from './together.ts';
import { VERTEX_SAMPLES } from './vertex-anthropic.ts';
import { XAI_SAMPLES } from './xai.ts';

export const SAMPLE_FILES: readonly SampleFile[] = [
  OPENAI_SAMPLES,
  AZURE_SAMPLES,
  ANTHROPIC_SAMPLES,
  GROQ_SAMPLES,
  GOOGLE_SAMPLES,
  VERTEX_SAMPLES,
  BEDROCK_SAMPLES,
  MISTRAL_SAMPLES,
  DEEPSEEK_SAMPLES,
  XAI_SAMPLES,
  TOGETHER_SAMPLES,
  FIREWORKS_SAMPLES,
  OPENROUTER_SAMPLES,
  CHINESE_SAMPLES,
  OTHER_SAMPLES,
];
