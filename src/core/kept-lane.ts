import { BUCKET_DIMENSIONS, type BucketDimension } from './dimensions.ts';
import type { LaneSnapshot } from './snapshot.ts';
import { PROVIDER_NAMES, type ProviderName } from './provider.ts';

/** What was known about one limit per minute. */
export interface KeptLimit {
  readonly dimension: BucketDimension;
  readonly limit: number;
  /** Bucket size. */
  readonly atOnce: number;
  /** Level of the bucket; negative if overdrawn. */
  readonly left: number;
  /** Refill rate, if it exceeds the limit per minute. */
  readonly perSecond?: number | undefined;
}

/**
 * What a process knew about a lane, as plain data for a later one. The lane is identified by everything but its
 * credential, so lanes that differ only in that are indistinguishable.
 */
export interface KeptLane {
  readonly provider: ProviderName;
  readonly group: string;
  /** Scheme, host and port. */
  readonly baseURL: string;
  readonly limits: readonly KeptLimit[];
  /** Calls per second that got through a limit that the provider never stated. */
  readonly pace?: number | undefined;
  /** How many attempts may be in flight, and whether the provider stated that; otherwise higher numbers are tried. */
  readonly inFlight?: { readonly limit: number; readonly named: boolean } | undefined;
  /** How much longer the lane was paused. */
  readonly pausedMs?: number | undefined;
  /** Learned token usage, as serialized by the pacer. */
  readonly tokens?: string | undefined;
}

/** Internal members of a guard, optional because a run and its guard may come from different copies of the package. */
export interface HasMemory {
  /** What is known about the lanes, named as in snapshots. */
  known(lanes: ReadonlySet<string>): KeptLane[];
  /** New lanes start with what was known about them at a wall-clock time. */
  recall(lanes: readonly KeptLane[], at: number): void;
}

/** Lets a guard continue where an earlier process ended, if it supports that. */
export function recallLanes(guard: object, lanes: readonly KeptLane[], at: number): void {
  (guard as Partial<HasMemory>).recall?.(lanes, at);
}

/** A larger number cannot come from a run: something else wrote the file. */
const MAX_LANES = 100;
const MAX_TEXT = 512;
const DIGITS = 6;
/** A smaller excess is within measurement error. */
const MORE = 1.05;

/** What a guard knows about its lanes that another process would have to learn. */
export function keepLanes(guard: object, lanes: ReadonlySet<string>): KeptLane[] {
  const kept = new Map<string, KeptLane | undefined>();
  for (const lane of (guard as Partial<HasMemory>).known?.(lanes) ?? []) {
    const key = laneName(lane);
    // Ambiguous: it would be unclear which of them is meant.
    kept.set(key, kept.has(key) ? undefined : lane);
  }
  return [...kept.values()].filter((lane) => lane !== undefined).slice(0, MAX_LANES);
}

export function laneName({ provider, baseURL, group }: Pick<KeptLane, 'provider' | 'baseURL' | 'group'>): string {
  return [provider, baseURL, group].join('\n');
}

/** What is worth keeping of a lane; undefined if nothing is known. */
export function keptLane(
  { provider, group, baseURL, dimensions, pausedForMs }: LaneSnapshot,
  tokens: string | undefined,
): KeptLane | undefined {
  const limits: KeptLimit[] = [];
  let pace: number | undefined;
  let inFlight: KeptLane['inFlight'];
  for (const { dimension, limit, remaining, atOnce, source, ratePerSecond, refillPerSecond, beliefs } of dimensions) {
    if (dimension === 'unknown' && (beliefs?.includes('pace') || beliefs?.includes('wall')))
      pace = short(ratePerSecond!);
    if (dimension === 'concurrency' && source !== 'config') inFlight = { limit, named: source === 'body' };
    // Every answer states a day's limit, and the application sets its own again, unless the bucket is smaller than
    // that.
    if (!isMinute(dimension) || remaining === undefined || atOnce === undefined) continue;
    if (source === 'config' && atOnce >= limit && remaining >= limit) continue;
    const perSecond = refillPerSecond! > MORE * (limit / 60) ? short(refillPerSecond!) : undefined;
    limits.push({ dimension, limit, atOnce: short(atOnce), left: short(remaining - limit + atOnce), perSecond });
  }
  const pausedMs = pausedForMs > 0 ? Math.ceil(pausedForMs) : undefined;
  const known = limits.length > 0 || (pace ?? inFlight ?? pausedMs ?? tokens) !== undefined;
  return known ? { provider, group, baseURL, limits, pace, inFlight, pausedMs, tokens } : undefined;
}

/** Reads the output of `keepLanes` from a file that may be corrupt. */
export function readKeptLanes(value: unknown): KeptLane[] {
  return Array.isArray(value) ? value.slice(0, MAX_LANES).flatMap((each) => readLane(each) ?? []) : [];
}

function readLane(value: unknown): KeptLane | undefined {
  const { provider, group, baseURL, limits, pace, inFlight, pausedMs, tokens } = (value ?? {}) as Record<
    keyof KeptLane,
    unknown
  >;
  if (!PROVIDER_NAMES.includes(provider as ProviderName) || !isText(group) || !isText(baseURL)) return undefined;
  const read = Array.isArray(limits) ? limits.slice(0, BUCKET_DIMENSIONS.length).map(readLimit) : [undefined];
  if (read.includes(undefined)) return undefined;
  return {
    provider: provider as ProviderName,
    group,
    baseURL,
    limits: read as KeptLimit[],
    pace: isAmount(pace) ? pace : undefined,
    inFlight: readInFlight(inFlight),
    pausedMs: isAmount(pausedMs) ? pausedMs : undefined,
    tokens: typeof tokens === 'string' ? tokens : undefined,
  };
}

function readLimit(value: unknown): KeptLimit | undefined {
  const { dimension, limit, atOnce, left, perSecond } = (value ?? {}) as Record<keyof KeptLimit, unknown>;
  if (!isMinute(dimension) || !isAmount(limit) || !isAmount(atOnce) || !Number.isFinite(left)) return undefined;
  // A level is never lower than one minute's refill below 0: a corrupt number would block the lane forever.
  const owed = Math.max(-limit, Math.min(atOnce, left as number));
  return {
    dimension,
    limit,
    atOnce: Math.min(limit, atOnce),
    left: owed,
    // No provider refills more than the whole limit per second.
    perSecond: isAmount(perSecond) ? Math.min(limit, perSecond) : undefined,
  };
}

function readInFlight(value: unknown): KeptLane['inFlight'] {
  const { limit, named } = (value ?? {}) as Record<'limit' | 'named', unknown>;
  return isAmount(limit) && typeof named === 'boolean' ? { limit, named } : undefined;
}

function isMinute(dimension: unknown): dimension is BucketDimension {
  return BUCKET_DIMENSIONS.includes(dimension as BucketDimension) && !(dimension as string).endsWith('_day');
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < Infinity;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}

function short(value: number): number {
  return Number(value.toPrecision(DIGITS));
}
