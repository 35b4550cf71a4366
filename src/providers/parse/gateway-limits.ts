import type { BucketDimension } from '../../core/dimensions.ts';
import type { LimitReading } from '../../core/outcome.ts';
import { type QuotaField, readQuotaFields } from './quota-fields.ts';
import { type LimitHeaders, xNames, xRateLimit } from './rate-limit-headers.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

const WINDOWS = { second: SECOND, minute: MINUTE, hour: HOUR, day: DAY } as const;
type Window = keyof typeof WINDOWS;

interface Row {
  readonly names: LimitHeaders;
  readonly dimension: BucketDimension;
  readonly windowMs: number;
}

/** Header names of a gateway, or of a server without a row in the registry: either stands under any host. */
interface Dialect {
  readonly service: string;
  readonly source: string;
  /** A header that all its answers have; without one, each name is looked up. */
  readonly marker?: string;
  readonly rows: readonly Row[];
}

const requests = (window: Window, names: LimitHeaders): Row => ({
  names,
  dimension: window === 'day' ? 'requests_day' : 'requests',
  windowMs: WINDOWS[window],
});
const tokens = (window: Window, names: LimitHeaders): Row => ({
  names,
  dimension: window === 'day' ? 'tokens_day' : 'tokens',
  windowMs: WINDOWS[window],
});

const LITELLM_SCOPES = ['api_key', 'user', 'team', 'team_member', 'end_user', 'model_per_key'];
const ofLiteLLM = (scope: string, unit: string): LimitHeaders => ({
  limit: `x-ratelimit-${scope}-limit-${unit}`,
  remaining: `x-ratelimit-${scope}-remaining-${unit}`,
  // Sent by none of its versions.
  reset: `x-ratelimit-${scope}-reset-${unit}`,
});

/** What names its window. What names none is in `quota-fields.ts`. */
export const DIALECTS: readonly Dialect[] = [
  {
    service: 'Kong',
    // The reset is in `ratelimit-reset`, for the limit that is nearest.
    source: 'github.com/Kong/kong, kong/plugins/rate-limiting/handler.lua',
    rows: (['second', 'minute', 'hour', 'day'] as const).map((window) => requests(window, xNames(window))),
  },
  {
    service: 'Cerebras',
    source: 'inference-docs.cerebras.ai/support/rate-limits, read 2026-11-28: by minute, hour and day',
    rows: (['minute', 'hour', 'day'] as const).flatMap((window) => [
      requests(window, xNames(`requests-${window}`)),
      tokens(window, xNames(`tokens-${window}`)),
    ]),
  },
  {
    service: 'DigitalOcean',
    // Its reset is when the same request fits again, not when the limit is whole.
    source: 'docs.digitalocean.com/products/inference/reference/quota-specific-response-headers, 2026-07-13',
    rows: (['minute', 'day'] as const).map((window) =>
      tokens(window, { ...xNames(`tokens-per-${window}`), reset: 'x-none' }),
    ),
  },
  {
    service: 'LiteLLM',
    // The window is a minute unless LITELLM_RATE_LIMIT_WINDOW_SIZE says otherwise.
    source: 'github.com/BerriAI/litellm, litellm/proxy/hooks/parallel_request_limiter_v3.py',
    marker: 'x-litellm-version',
    rows: LITELLM_SCOPES.flatMap((scope) => [
      requests('minute', ofLiteLLM(scope, 'requests')),
      tokens('minute', ofLiteLLM(scope, 'tokens')),
    ]),
  },
];

/**
 * Adds what gateways on the way say to what the provider itself says. A call has to pass all of them, so of several
 * limits of one kind and window the smallest counts, with the least that is left of any.
 */
export function withGatewayLimits(own: LimitReading[], headers: Headers, wallMs: number): LimitReading[] {
  const readings = [...own];
  const fields = readQuotaFields(headers, wallMs);
  for (const { marker, rows } of DIALECTS) {
    if (marker !== undefined && headers.get(marker) === null) continue;
    for (const { names, dimension, windowMs } of rows) {
      // Most answers have none of these.
      if (headers.get(names.limit) === null) continue;
      const found = xRateLimit(headers, names, wallMs);
      if (!found) continue;
      const { limit, remaining } = found;
      const resetMs = found.resetMs ?? resetFor(fields, limit, remaining);
      add(readings, { dimension, limit, remaining, resetMs, windowMs, source: 'header' });
    }
  }
  for (const { limit, remaining, resetMs, windowMs } of fields) {
    if (windowMs === undefined) continue;
    const dimension = windowMs === DAY ? 'requests_day' : 'requests';
    add(readings, { dimension, limit, remaining, resetMs, windowMs, source: 'header' });
  }
  return readings;
}

/** The reset of the limit that fields without a window repeat. */
function resetFor(fields: readonly QuotaField[], limit: number, remaining: number | undefined): number | undefined {
  return fields.find((each) => each.limit === limit && each.remaining === remaining)?.resetMs;
}

function add(readings: LimitReading[], reading: LimitReading): void {
  const at = readings.findIndex(
    ({ dimension, windowMs }) => dimension === reading.dimension && windowMs === reading.windowMs,
  );
  if (at < 0) readings.push(reading);
  else readings[at] = stricter(readings[at]!, reading);
}

function stricter(one: LimitReading, other: LimitReading): LimitReading {
  const scarcer = (other.remaining ?? Infinity) < (one.remaining ?? Infinity) ? other : one;
  const limit = Math.min(one.limit, other.limit);
  const { remaining, resetMs } = scarcer;
  return { ...one, limit, remaining: remaining === undefined ? undefined : Math.min(remaining, limit), resetMs };
}

/** The time until a limit without a known window is whole again, if nothing is left of it. */
export function emptyQuotaResetMs(headers: Headers | undefined, wallMs: number): number | undefined {
  if (!headers) return undefined;
  const empty = readQuotaFields(headers, wallMs).find(({ remaining, resetMs }) => remaining === 0 && resetMs);
  return empty?.resetMs;
}
