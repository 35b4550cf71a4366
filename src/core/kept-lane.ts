import { BUCKET_DIMENSIONS, type BucketDimension } from './dimensions.ts';
import type { LaneSnapshot } from './snapshot.ts';
import { PROVIDER_NAMES, type ProviderName } from './provider.ts';

/** What was known of one limit a minute. */
export interface KeptLimit {
  readonly dimension: BucketDimension;
  readonly limit: number;
  /** The most that it lets through at once. */
  readonly atOnce: number;
  /** What was there of that; below 0 where it owed. */
  readonly left: number;
  /** What comes back to it, where that is more than the limit in a minute. */
  readonly perSecond?: number | undefined;
}

/**
 * What a process knew of a lane, as plain data for a later one. It names the lane by everything but its credential: lanes
 * that differ in that alone are not told apart.
 */
export interface KeptLane {
  readonly provider: ProviderName;
  readonly group: string;
  /** Scheme, host and port. */
  readonly baseURL: string;
  readonly limits: readonly KeptLimit[];
  /** Calls a second that got through, of a limit of which nothing was told. */
  readonly pace?: number | undefined;
  /** Attempts that may be in flight, and whether the provider has named that; else it is felt for upwards. */
  readonly inFlight?: { readonly limit: number; readonly named: boolean } | undefined;
  /** How long it was to send nothing. */
  readonly pausedMs?: number | undefined;
  /** What calls were found to take, as the pacer writes it. */
  readonly tokens?: string | undefined;
}

/** What a guard has beside what is public: a run may come from another copy of the package than its guard. */
export interface HasMemory {
  /** What is known of lanes, named as in snapshots. */
  known(lanes: ReadonlySet<string>): KeptLane[];
  /** Lanes that begin from now on begin with what was known of them at a wall-clock time. */
  recall(lanes: readonly KeptLane[], at: number): void;
}

/** Lets a guard begin where an earlier process ended. Nothing happens where it cannot. */
export function recallLanes(guard: object, lanes: readonly KeptLane[], at: number): void {
  (guard as Partial<HasMemory>).recall?.(lanes, at);
}

/** A larger number did not come from a run: the file was written by something else. */
const MAX_LANES = 100;
const MAX_TEXT = 512;
const DIGITS = 6;
/** Less more is a matter of measuring. */
const MORE = 1.05;

/** What a guard knows of lanes that another process would have to find out. */
export function keepLanes(guard: object, lanes: ReadonlySet<string>): KeptLane[] {
  const kept = new Map<string, KeptLane | undefined>();
  for (const lane of (guard as Partial<HasMemory>).known?.(lanes) ?? []) {
    const key = laneName(lane);
    // Nobody could tell which of them is meant.
    kept.set(key, kept.has(key) ? undefined : lane);
  }
  return [...kept.values()].filter((lane) => lane !== undefined).slice(0, MAX_LANES);
}

export function laneName({ provider, baseURL, group }: Pick<KeptLane, 'provider' | 'baseURL' | 'group'>): string {
  return [provider, baseURL, group].join('\n');
}

/** What is worth keeping of a lane; undefined where nothing is known of it. */
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
    // Of a day every answer tells; what the application has told it tells again, unless less is let through at once.
    if (!isMinute(dimension) || remaining === undefined || atOnce === undefined) continue;
    if (source === 'config' && atOnce >= limit && remaining >= limit) continue;
    const perSecond = refillPerSecond! > MORE * (limit / 60) ? short(refillPerSecond!) : undefined;
    limits.push({ dimension, limit, atOnce: short(atOnce), left: short(remaining - limit + atOnce), perSecond });
  }
  const pausedMs = pausedForMs > 0 ? Math.ceil(pausedForMs) : undefined;
  const known = limits.length > 0 || (pace ?? inFlight ?? pausedMs ?? tokens) !== undefined;
  return known ? { provider, group, baseURL, limits, pace, inFlight, pausedMs, tokens } : undefined;
}

/** Reads what `keepLanes` gave, from a file that may have been spoiled. */
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
  // Nobody owes more than comes in a minute: a spoiled number would hold the lane for ever.
  const owed = Math.max(-limit, Math.min(atOnce, left as number));
  return {
    dimension,
    limit,
    atOnce: Math.min(limit, atOnce),
    left: owed,
    // No provider lets through more than all of it in a second.
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
