import type { Operation } from '../core/provider.ts';

/**
 * Which names of the GenAI conventions are emitted: `compat` those of 1.41, the last version beside the other
 * conventions, which backends know; `latest` those of the conventions' own repository; `dup` both.
 */
export type Semconv = 'compat' | 'latest' | 'dup';

/** Value of OTEL_SEMCONV_STABILITY_OPT_IN that asks for the newest GenAI conventions. */
const OPT_IN = 'gen_ai_latest_experimental';

/** The option, else the environment variable, else `compat`. */
export function resolveSemconv(option: Semconv | undefined, env: NodeJS.ProcessEnv = process.env): Semconv {
  if (option !== undefined) return option;
  const optedIn = (env['OTEL_SEMCONV_STABILITY_OPT_IN'] ?? '').split(',').map((each) => each.trim());
  return optedIn.includes(OPT_IN) ? 'latest' : 'compat';
}

/** The version of a span's attributes; undefined if they are of two. */
export const SCHEMA_URLS: Readonly<Record<Semconv, string | undefined>> = {
  compat: 'https://opentelemetry.io/schemas/1.41.0',
  latest: 'https://opentelemetry.io/schemas/gen-ai-dev/1.42.0-dev',
  dup: undefined,
};

/** Operations that the conventions call an inference. */
export function isInference(operation: Operation): boolean {
  return operation === 'chat' || operation === 'text_completion';
}
