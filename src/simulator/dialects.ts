import type { Dialect } from './dialect.ts';
import { anthropicDialect } from './dialect-anthropic.ts';
import { azureDialect } from './dialect-azure.ts';
import { groqDialect } from './dialect-groq.ts';
import { openaiDialect } from './dialect-openai.ts';
import type { SimulatorProvider } from './limit-rules.ts';

export const DIALECTS: Readonly<Record<SimulatorProvider, Dialect>> = {
  openai: openaiDialect,
  azure: azureDialect,
  anthropic: anthropicDialect,
  groq: groqDialect,
};
