import type { Dialect } from './dialect.ts';
import { anthropicDialect } from './anthropic.ts';
import { azureDialect } from './azure.ts';
import { groqDialect } from './groq.ts';
import { openaiDialect } from './openai.ts';
import type { SimulatorProvider } from '../limits/limit-rules.ts';

export const DIALECTS: Readonly<Record<SimulatorProvider, Dialect>> = {
  openai: openaiDialect,
  azure: azureDialect,
  anthropic: anthropicDialect,
  groq: groqDialect,
};
