export const PROVIDERS = ['openai', 'azure', 'anthropic', 'groq'] as const;

export interface LimitsQuestion {
  readonly provider: (typeof PROVIDERS)[number];
  readonly model: string | undefined;
  readonly project: string | undefined;
  readonly baseURL: string | undefined;
}

/** No key, or none that can be sent. */
export class NoKey extends Error {}

/** One limit, as the provider states it. */
export interface StatedLimit {
  /** The provider's own word. */
  readonly name: string;
  /** Our name; `name` if there is none. */
  readonly dimension: string;
  readonly limit: number;
  readonly remaining?: number;
  readonly resetMs?: number;
}

/** Limits that some models share. */
export interface PoolLimits {
  readonly name: string;
  readonly models: readonly string[];
  readonly limits: readonly StatedLimit[];
}
