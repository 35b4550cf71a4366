import type { Failure, LimitReading, Usage } from '../../../src/core/outcome.ts';
import type { ProviderName, ResponseInfo } from '../../../src/core/provider.ts';

export const PROVIDERS: readonly ProviderName[] = [
  'openai',
  'azure.ai.openai',
  'anthropic',
  'aws.bedrock',
  'gcp.vertex_ai',
  'groq',
];

export const NOW = Date.UTC(2026, 0, 15, 12);

export function ensure(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** Undefined, or a number that is safe to count and wait with. */
export function sound(value: unknown, name: string): void {
  if (value === undefined) return;
  ensure(typeof value === 'number' && Number.isFinite(value) && value >= 0, `${name} is ${String(value)}`);
}

export function soundFailure(failure: Failure): void {
  for (const key of ['hintMs', 'limit', 'remaining', 'requested', 'resetMs', 'windowMs'] as const) {
    sound(failure[key], key);
  }
  ensure(failure.advice !== '', 'no advice');
  // It becomes a label and a span's error type.
  ensure(failure.code === undefined || /^[\x21-\x7e]{1,64}$/.test(failure.code), `code ${failure.code}`);
}

export function soundReadings(readings: readonly LimitReading[]): void {
  for (const { dimension, limit, remaining, resetMs, windowMs } of readings) {
    for (const value of [limit, remaining, resetMs, windowMs]) sound(value, dimension);
    ensure(limit > 0 && (remaining ?? 0) <= limit, `${remaining} of ${limit} ${dimension}`);
  }
}

export function soundUsage(usage: Usage | undefined): void {
  if (!usage) return;
  for (const [name, value] of Object.entries(usage)) sound(value, name);
  ensure(usage.cacheReadTokens + usage.cacheWriteTokens <= usage.inputTokens, 'more cached than read');
  ensure(usage.reasoningTokens <= usage.outputTokens, 'more thought than written');
}

export function soundInfo({ id, model, finishReasons = [] }: ResponseInfo): void {
  for (const text of [id, model, ...finishReasons]) {
    ensure(text === undefined || /^[\x21-\x7e]{1,128}$/.test(text), 'an identifier of another shape');
  }
  ensure(finishReasons.length <= 128, 'too many reasons');
}

/** One `name: value` per line, as a server would send it. */
export function headersOf(text: string): Headers {
  const headers = new Headers();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    try {
      headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    } catch {
      // No HTTP parser would accept it either.
    }
  }
  return headers;
}
