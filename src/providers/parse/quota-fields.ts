import { parseCount } from './numbers.ts';
import { type Bucket, sinceEpoch } from './rate-limit-headers.ts';

/**
 * Limits in headers that name no unit: they count requests. What a window is, only a policy says.
 *
 * | header | who sends it | source, read 2026-11-28 |
 * |---|---|---|
 * | `x-ratelimit-limit: 10, 10;w=1;name="per-ip", 1000;w=3600`, `-remaining`, `-reset` | Envoy, Istio | envoy.extensions.filters.http.ratelimit.v3, DRAFT_VERSION_03 |
 * | `ratelimit-limit: 100, 100;w=60`, `-remaining`, `-reset` | Kong (without the policy) | draft-ietf-httpapi-ratelimit-headers-05 |
 * | the same with `ratelimit-policy: 100;w=60` | express-rate-limit, `draft-6` | draft-ietf-httpapi-ratelimit-headers-06 |
 * | `ratelimit: limit=100, remaining=50, reset=30`, `ratelimit-policy: 100;w=60` | express-rate-limit, `draft-7` | …-headers-07 |
 * | `ratelimit: "default";r=50;t=30`, `ratelimit-policy: "default";q=100;w=60` | express-rate-limit `draft-8`, Cloudflare | …-headers-08 to -11; developers.cloudflare.com/fundamentals/api/reference/limits |
 * | `x-ratelimit-limit`, `-remaining`, `-reset` (seconds, or since 1970) without a policy | express-rate-limit's legacy headers, slowapi | github.com/express-rate-limit/express-rate-limit, docs/reference/configuration.mdx |
 */
export interface QuotaField extends Omit<Bucket, 'fine'> {
  /** Undefined where no policy says it. */
  readonly windowMs: number | undefined;
}

/** Longer than any real one. */
const MAX_LENGTH = 1_000;
const MAX_ITEMS = 20;
const SECOND = 1_000;

interface Item {
  readonly value: string;
  readonly parameters: ReadonlyMap<string, string>;
}

interface Policy {
  readonly name: string | undefined;
  readonly quota: number | undefined;
  readonly windowMs: number | undefined;
}

/** The prefixes of three headers that belong together. */
const PREFIXES = ['ratelimit', 'x-ratelimit'] as const;
const TRIPLES = PREFIXES.map((prefix) => ({
  limit: `${prefix}-limit`,
  remaining: `${prefix}-remaining`,
  reset: `${prefix}-reset`,
}));

/** Every limit of requests that such headers state. */
export function readQuotaFields(headers: Headers, wallMs: number): QuotaField[] {
  const combined = headers.get('ratelimit');
  const found = combined === null ? [] : fromCombined(combined, headers, wallMs);
  for (const names of TRIPLES) {
    const [first, ...described] = itemsOf(headers.get(names.limit));
    const limit = parseCount(first?.value);
    if (!limit) continue;
    const policies = described.length > 0 ? described.map(policyOf) : policiesOf(headers);
    found.push({
      limit,
      remaining: atMost(parseCount(headers.get(names.remaining)), limit),
      resetMs: resetOf(headers.get(names.reset), headers, wallMs),
      windowMs: windowOf(policies, limit),
    });
  }
  return found;
}

/** `limit=100, remaining=50, reset=30`, or a list of policies by name. */
function fromCombined(text: string, headers: Headers, wallMs: number): QuotaField[] {
  const items = itemsOf(text);
  const policies = policiesOf(headers);
  const fields = new Map(items.map(({ value }) => pairOf(value)));
  const limit = parseCount(fields.get('limit'));
  if (limit) {
    const remaining = atMost(parseCount(fields.get('remaining')), limit);
    const resetMs = resetOf(fields.get('reset'), headers, wallMs);
    return [{ limit, remaining, resetMs, windowMs: windowOf(policies, limit) }];
  }
  return items.flatMap(({ value, parameters }) => {
    const policy = policies.find(({ name }) => name === value);
    if (!policy?.quota) return [];
    const remaining = atMost(parseCount(parameters.get('r')), policy.quota);
    const resetMs = resetOf(parameters.get('t'), headers, wallMs);
    return [{ limit: policy.quota, remaining, resetMs, windowMs: policy.windowMs }];
  });
}

/** The window of the policy with this quota; several that differ leave it open. */
function windowOf(policies: readonly Policy[], limit: number): number | undefined {
  const windows = new Set(policies.filter(({ quota }) => quota === limit).map(({ windowMs }) => windowMs));
  const [windowMs] = windows;
  return windows.size === 1 ? windowMs : undefined;
}

function policiesOf(headers: Headers): Policy[] {
  return itemsOf(headers.get('ratelimit-policy')).map(policyOf);
}

/** `100;w=60` or `"default";q=100;w=60`. A quota of another unit (`qu="content-bytes"`) is none of requests. */
function policyOf({ value, parameters }: Item): Policy {
  const isOfRequests = (parameters.get('qu') ?? 'requests') === 'requests';
  const quota = parseCount(parameters.get('q') ?? value);
  const seconds = parseCount(parameters.get('w'));
  return {
    name: parameters.has('q') ? value : undefined,
    quota: isOfRequests ? quota : undefined,
    windowMs: seconds ? SECOND * seconds : undefined,
  };
}

function resetOf(text: string | null | undefined, headers: Headers, wallMs: number): number | undefined {
  const seconds = parseCount(text);
  return seconds === undefined ? undefined : sinceEpoch(seconds, headers, wallMs);
}

function atMost(remaining: number | undefined, limit: number): number | undefined {
  return remaining === undefined ? undefined : Math.min(remaining, limit);
}

/** A list of structured fields (RFC 9651). A name that contains a comma or a semicolon is misread, and then ignored. */
function itemsOf(text: string | null): Item[] {
  if (text === null || text.length > MAX_LENGTH) return [];
  return text
    .split(',', MAX_ITEMS)
    .map((item) => item.split(';').map((part) => part.trim()))
    .map(([value = '', ...parameters]) => ({ value: unquoted(value), parameters: new Map(parameters.map(pairOf)) }));
}

function pairOf(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at).trim().toLowerCase(), unquoted(text.slice(at + 1).trim())];
}

function unquoted(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}
