import { asObject, asText, type JsonObject } from '../parse/json.ts';
import { parseCount } from '../parse/numbers.ts';
import { durationAt } from '../parse/durations.ts';
import type { LimitText } from './limit-message.ts';
import { namedLimit } from './limit-names.ts';

/** What the `details` of a Google error say (google.rpc.RetryInfo, QuotaFailure, ErrorInfo). */
export interface GoogleDetails {
  readonly codes: readonly string[];
  readonly waitMs?: number;
  readonly limit?: LimitText;
  /** The quota is of money or of a month: no wait helps. */
  readonly quota?: boolean;
}

const MAX_DETAILS = 20;
const MAX_VIOLATIONS = 50;

/** Undefined if `details` is not Google's. */
export function readGoogleDetails(details: unknown): GoogleDetails | undefined {
  if (!Array.isArray(details)) return undefined;
  const known = (details as unknown[])
    .slice(0, MAX_DETAILS)
    .map(asObject)
    .filter((each) => each !== undefined);
  const typed = known.filter((each) => typeof each['@type'] === 'string');
  if (typed.length === 0) return undefined;
  const codes: string[] = [];
  const limits: LimitText[] = [];
  let waitMs: number | undefined;
  let quota = false;
  for (const each of typed) {
    waitMs ??= durationAt(asText(each['retryDelay']) ?? '', 0);
    const reason = asText(each['reason']);
    if (reason !== undefined) codes.push(reason);
    for (const quotaName of namesIn(each)) {
      if (/PerMonth|Spend|Billing/i.test(quotaName.id)) quota = true;
      limits.push(limitOf(quotaName));
    }
  }
  // A day's limit that is reached holds longer than a minute's.
  const [limit] = limits.toSorted((a, b) => (b.windowMs ?? 0) - (a.windowMs ?? 0));
  return {
    codes,
    ...(waitMs === undefined ? {} : { waitMs }),
    ...(limit === undefined ? {} : { limit }),
    ...(quota ? { quota } : {}),
  };
}

interface QuotaName {
  readonly id: string;
  readonly metric: string;
  readonly value: string | undefined;
}

function namesIn(detail: JsonObject): QuotaName[] {
  const violations = detail['violations'];
  if (Array.isArray(violations)) {
    return (violations as unknown[]).slice(0, MAX_VIOLATIONS).flatMap((each) => {
      const violation = asObject(each);
      const id = asText(violation?.['quotaId']) ?? asText(violation?.['description']) ?? '';
      const metric = asText(violation?.['quotaMetric']) ?? asText(violation?.['subject']) ?? '';
      return id + metric === '' ? [] : [{ id, metric, value: asText(violation?.['quotaValue']) }];
    });
  }
  const metadata = asObject(detail['metadata']);
  const id = asText(metadata?.['quota_limit']);
  if (id === undefined) return [];
  return [{ id, metric: asText(metadata?.['quota_metric']) ?? '', value: asText(metadata?.['quota_limit_value']) }];
}

/** "GenerateContentInputTokensPerModelPerMinute-FreeTier" with ".../generate_content_free_tier_input_token_count". */
function limitOf({ id, metric, value }: QuotaName): LimitText {
  const window = /Per(Second|Minute|Hour|Day)/i.exec(id)?.[1] ?? /per_(second|minute|hour|day)/i.exec(metric)?.[1];
  const { dimension, windowMs } = namedLimit(nounOf(`${id} ${metric.slice(metric.lastIndexOf('/') + 1)}`), window);
  const limit = parseCount(value);
  return { dimension, windowMs, ...(limit === undefined ? {} : { limit }) };
}

function nounOf(name: string): string {
  const tokens = /token/i.test(name);
  if (/grounding|search/i.test(name) && !tokens) return 'web searches';
  if (/image/i.test(name) && !tokens) return /input/i.test(name) ? 'input images' : 'images';
  if (!tokens) return 'requests';
  if (/long_?context/i.test(name)) return 'long context tokens';
  if (/output/i.test(name)) return 'output tokens';
  return /input/i.test(name) ? 'input tokens' : 'tokens';
}
