import type { OutputCounting, SimulatorProvider } from './limit-rules.ts';
import type { LimitsByModel, SimulatorLimits } from './limits.ts';

type OpenAIPreset =
  | 'free'
  | 'tier1'
  | 'tier2'
  | 'tier3'
  | 'tier4'
  | 'tier5'
  | 'build'
  | 'launch'
  | 'grow'
  | 'gpt-4o-tier1'
  | 'gpt-4o-mini-tier1'
  | 'embedding-tier1';
type AzurePreset = 'quota-10k' | 'quota-30k' | 'quota-120k' | 'quota-450k';
type AnthropicPreset = 'tier1' | 'tier2' | 'tier3' | 'tier4' | 'start' | 'build' | 'scale';
type GroqPreset = 'free' | 'developer';

/** Name of a tier of any provider; whether the provider has it is checked at the start. */
export type PresetName = OpenAIPreset | AzurePreset | AnthropicPreset | GroqPreset;

/** The limits of one tier, as published. */
export interface Preset {
  /** For models that `models` does not name. */
  readonly limits: SimulatorLimits;
  readonly models: LimitsByModel;
  readonly outputCounting?: OutputCounting;
}

function rpmTpm(requestsPerMinute: number, tokensPerMinute: number): SimulatorLimits {
  return { requestsPerMinute, tokensPerMinute };
}

// OpenAI until 2026-10-05: model pages of gpt-5.5, gpt-6-astra (flagship) and gpt-5-mini, gpt-6-luna (mini).
function openaiTier(flagship: SimulatorLimits, mini: SimulatorLimits, models: LimitsByModel = {}): Preset {
  return { limits: flagship, models: { 'gpt-5-mini': mini, 'gpt-5.4-mini': mini, 'gpt-6-luna': mini, ...models } };
}

const GPT_4O_TIER1 = rpmTpm(500, 30_000);
const GPT_4O_MINI_TIER1: SimulatorLimits = { ...rpmTpm(500, 200_000), requestsPerDay: 10_000 };
const EMBEDDING_TIER1 = rpmTpm(3_000, 1_000_000);

const openai: Record<OpenAIPreset, Preset> = {
  free: { limits: { requestsPerMinute: 3 }, models: {} },
  tier1: openaiTier(rpmTpm(500, 500_000), rpmTpm(500, 500_000), {
    'gpt-4o': GPT_4O_TIER1,
    'gpt-4o-mini': GPT_4O_MINI_TIER1,
    'text-embedding-3*': EMBEDDING_TIER1,
  }),
  tier2: openaiTier(rpmTpm(5_000, 1_000_000), rpmTpm(5_000, 2_000_000)),
  tier3: openaiTier(rpmTpm(5_000, 2_000_000), rpmTpm(5_000, 4_000_000)),
  tier4: openaiTier(rpmTpm(10_000, 4_000_000), rpmTpm(10_000, 10_000_000)),
  tier5: openaiTier(rpmTpm(15_000, 40_000_000), rpmTpm(30_000, 180_000_000)),
  // Since 2026-10-06.
  build: {
    limits: rpmTpm(5_000, 1_000_000),
    models: { 'gpt-4o': rpmTpm(5_000, 450_000), 'gpt-4o-mini': rpmTpm(5_000, 2_000_000) },
  },
  launch: {
    limits: rpmTpm(10_000, 4_000_000),
    models: { 'gpt-4o': rpmTpm(10_000, 2_000_000), 'gpt-4o-mini': rpmTpm(10_000, 10_000_000) },
  },
  grow: { limits: rpmTpm(15_000, 40_000_000), models: { 'gpt-6-luna': rpmTpm(30_000, 180_000_000) } },
  // The same limits for every model: small and easy to hit.
  'gpt-4o-tier1': { limits: GPT_4O_TIER1, models: {} },
  'gpt-4o-mini-tier1': { limits: GPT_4O_MINI_TIER1, models: {} },
  'embedding-tier1': { limits: EMBEDDING_TIER1, models: {} },
};

// Azure derives the request limit: 6 requests per minute for each 1,000 tokens per minute.
function azureQuota(tokensPerMinute: number): Preset {
  return { limits: rpmTpm((tokensPerMinute * 6) / 1_000, tokensPerMinute), models: {} };
}

const azure: Record<AzurePreset, Preset> = {
  'quota-10k': azureQuota(10_000),
  'quota-30k': azureQuota(30_000),
  'quota-120k': azureQuota(120_000),
  'quota-450k': azureQuota(450_000),
};

function messages(
  requestsPerMinute: number,
  inputTokensPerMinute: number,
  outputTokensPerMinute: number,
): SimulatorLimits {
  return { requestsPerMinute, inputTokensPerMinute, outputTokensPerMinute };
}

// Anthropic since mid-2026. The token-count limits are not published by tier; they follow the messages' requests.
function anthropicTier(
  requests: number,
  main: SimulatorLimits,
  fable: SimulatorLimits,
  haiku35: SimulatorLimits,
): Preset {
  return {
    limits: main,
    models: {
      'claude-fable-5*': fable,
      'claude-3-5-haiku*': haiku35,
      '@batches': { requestsPerMinute: requests },
      '@count_tokens': { requestsPerMinute: requests },
    },
  };
}

// Anthropic until 2026: output was reserved by `max_tokens`.
function anthropicLegacy(requests: number, main: [number, number], haiku45: [number, number]): Preset {
  return {
    limits: messages(requests, ...main),
    models: {
      'claude-haiku-4-5*': messages(requests, ...haiku45),
      '@batches': { requestsPerMinute: requests },
      '@count_tokens': { requestsPerMinute: requests },
    },
    outputCounting: 'reserve',
  };
}

const anthropic: Record<AnthropicPreset, Preset> = {
  tier1: anthropicLegacy(50, [30_000, 8_000], [50_000, 10_000]),
  tier2: anthropicLegacy(1_000, [450_000, 90_000], [450_000, 90_000]),
  tier3: anthropicLegacy(2_000, [800_000, 160_000], [1_000_000, 200_000]),
  tier4: anthropicLegacy(4_000, [2_000_000, 400_000], [4_000_000, 800_000]),
  start: anthropicTier(
    1_000,
    messages(1_000, 2_000_000, 400_000),
    messages(1_000, 500_000, 100_000),
    messages(1_000, 100_000, 20_000),
  ),
  build: anthropicTier(
    2_000,
    messages(5_000, 5_000_000, 1_000_000),
    messages(2_000, 1_500_000, 300_000),
    messages(2_000, 200_000, 40_000),
  ),
  scale: anthropicTier(
    4_000,
    messages(10_000, 10_000_000, 2_000_000),
    messages(4_000, 4_000_000, 800_000),
    messages(4_000, 400_000, 80_000),
  ),
};

function groqLimits(rpm: number, rpd: number, tpm: number, tpd?: number): SimulatorLimits {
  return {
    ...rpmTpm(rpm, tpm),
    requestsPerDay: rpd,
    ...(tpd === undefined ? {} : { tokensPerDay: tpd }),
  };
}

const groq: Record<GroqPreset, Preset> = {
  free: {
    limits: groqLimits(30, 1_000, 8_000, 200_000),
    models: {
      // The output and input limits were only seen in refusals, in no header and no table.
      'qwen/qwen3.8-27b': {
        ...groqLimits(30, 1_000, 8_000, 200_000),
        inputTokensPerMinute: 7_000,
        outputTokensPerMinute: 1_000,
      },
      'llama-3.3-70b-versatile': groqLimits(30, 1_000, 12_000, 100_000),
      'llama-3.1-8b-instant': groqLimits(30, 14_400, 6_000, 500_000),
      'whisper-large-v3*': {
        requestsPerMinute: 20,
        requestsPerDay: 2_000,
        audioSecondsPerHour: 7_200,
        audioSecondsPerDay: 28_800,
      },
      'canopylabs/orpheus*': groqLimits(10, 100, 1_200, 3_600),
    },
  },
  developer: {
    limits: groqLimits(1_000, 500_000, 250_000),
    models: {
      'llama-3.3-70b-versatile': groqLimits(1_000, 500_000, 300_000),
      'whisper-large-v3*': {
        requestsPerMinute: 400,
        requestsPerDay: 200_000,
        audioSecondsPerHour: 400_000,
        audioSecondsPerDay: 4_000_000,
      },
    },
  },
};

/** Tiers by provider, compiled 2026-11-24 from the providers' pages and captures. */
export const PRESETS: Readonly<Record<SimulatorProvider, Readonly<Record<string, Preset>>>> = {
  openai,
  azure,
  anthropic,
  groq,
};

/** Preset of a simulator without preset and limits. */
export const DEFAULT_PRESET: Readonly<Record<SimulatorProvider, PresetName>> = {
  openai: 'tier1',
  azure: 'quota-30k',
  anthropic: 'tier1',
  groq: 'free',
};
