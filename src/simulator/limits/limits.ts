import { poolOf } from './pool.ts';
import { checkKeys, refuse } from '../validate.ts';

/**
 * Limits of one model. An absent limit does not exist; `Infinity` removes one that a preset has.
 * All are above 0.
 */
export interface SimulatorLimits {
  readonly requestsPerMinute?: number;
  readonly requestsPerDay?: number;
  readonly tokensPerMinute?: number;
  readonly tokensPerDay?: number;
  /** Anthropic, and hidden ones of Groq: counted without cached tokens. */
  readonly inputTokensPerMinute?: number;
  readonly outputTokensPerMinute?: number;
  readonly imagesPerMinute?: number;
  readonly audioSecondsPerHour?: number;
  readonly audioSecondsPerDay?: number;
  /** Requests in flight at once. */
  readonly maxConcurrent?: number;
}

export type LimitName = Exclude<keyof SimulatorLimits, 'maxConcurrent'>;

/** What a refusal can name: a bucket, the number in flight, or the speed of growth. */
export type RejectedBy = LimitName | 'maxConcurrent' | 'acceleration';

interface LimitKind {
  readonly name: LimitName;
  readonly windowMs: number;
  /** OpenAI's and Groq's abbreviation in messages. */
  readonly short: string;
  readonly unit: 'requests' | 'tokens' | 'other';
}

const MINUTE = 60_000;
const DAY = 86_400_000;

/** In the order in which they are checked: the first that does not fit refuses. */
export const LIMIT_KINDS: readonly LimitKind[] = [
  { name: 'requestsPerMinute', windowMs: MINUTE, short: 'RPM', unit: 'requests' },
  { name: 'requestsPerDay', windowMs: DAY, short: 'RPD', unit: 'requests' },
  { name: 'tokensPerMinute', windowMs: MINUTE, short: 'TPM', unit: 'tokens' },
  { name: 'tokensPerDay', windowMs: DAY, short: 'TPD', unit: 'tokens' },
  { name: 'inputTokensPerMinute', windowMs: MINUTE, short: 'ITPM', unit: 'tokens' },
  { name: 'outputTokensPerMinute', windowMs: MINUTE, short: 'OTPM', unit: 'tokens' },
  { name: 'imagesPerMinute', windowMs: MINUTE, short: 'IPM', unit: 'other' },
  { name: 'audioSecondsPerHour', windowMs: 3_600_000, short: 'ASH', unit: 'other' },
  { name: 'audioSecondsPerDay', windowMs: DAY, short: 'ASD', unit: 'other' },
];

const KEYS = [...LIMIT_KINDS.map((kind) => kind.name), 'maxConcurrent'];

/** Limits by model; a key is a model's name, or a prefix followed by `*`. The longest matching key counts. */
export type LimitsByModel = Readonly<Record<string, SimulatorLimits>>;

export function checkLimits(limits: SimulatorLimits, path: string): void {
  checkKeys(limits, path, KEYS);
  for (const [key, value] of Object.entries(limits as Record<string, unknown>)) {
    if (value === undefined) continue;
    if (typeof value !== 'number' || !(value > 0)) refuse(`${path}.${key}`, 'a number above 0', value);
    if (key === 'maxConcurrent' && value !== Infinity && !Number.isInteger(value)) {
      refuse(`${path}.${key}`, 'an integer of at least 1', value);
    }
  }
}

export function checkLimitsByModel(limits: LimitsByModel, path: string): void {
  if (typeof limits !== 'object' || limits === null || Array.isArray(limits)) refuse(path, 'an object', limits);
  for (const [model, each] of Object.entries(limits)) checkLimits(each, `${path}['${model}']`);
}

/** The limits of the longest key that names `pool`. */
export function limitsOfPool(limits: LimitsByModel, pool: string): SimulatorLimits | undefined {
  let best: string | undefined;
  for (const key of Object.keys(limits)) {
    const matches = key.endsWith('*') ? pool.startsWith(key.slice(0, -1)) : poolOf(key) === pool;
    if (matches && (best === undefined || key.length > best.length)) best = key;
  }
  return best === undefined ? undefined : limits[best];
}
