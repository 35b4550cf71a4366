/**
 * A continuously refilled bucket: the limiter that OpenAI's, Anthropic's and Groq's numbers betray.
 * All functions take the time; nothing here reads a clock.
 */
export interface Bucket {
  /** Units per window. */
  limit: number;
  readonly windowMs: number;
  /** Most that can be spent at once; less than `limit` where the provider enforces a part of the window. */
  capacity: number;
  /** Units that can be spent now: fractional; negative after a true-up that cost more than was there. */
  level: number;
  at: number;
  /** False until something was ever spent. */
  touched: boolean;
}

/** Others who spend from the same account: a share of the refill that never arrives. */
export interface Neighbour {
  /** 0 … 1. */
  readonly share: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

// Refilling in floating point may end a hair below a whole unit.
const EPSILON = 1e-6;

export function createBucket(limit: number, windowMs: number, burstMs: number, fill: number, now: number): Bucket {
  const capacity = capacityOf(limit, windowMs, burstMs);
  return { limit, windowMs, capacity, level: capacity * fill, at: now, touched: fill < 1 };
}

// A bucket that cannot hold one unit would never admit anything.
function capacityOf(limit: number, windowMs: number, burstMs: number): number {
  return Math.min(Math.max(1, limit), Math.max(1, (limit * Math.min(burstMs, windowMs)) / windowMs));
}

export function ratePerMs(bucket: Bucket): number {
  return bucket.limit / bucket.windowMs;
}

/** Refills up to `now`. A time before the last one changes nothing. */
export function advance(bucket: Bucket, now: number, neighbour?: Neighbour): void {
  const elapsed = now - bucket.at;
  if (elapsed <= 0) return;
  let refill = elapsed * ratePerMs(bucket);
  if (neighbour) {
    const overlap = Math.max(0, Math.min(now, neighbour.untilMs) - Math.max(bucket.at, neighbour.fromMs));
    refill -= neighbour.share * overlap * ratePerMs(bucket);
  }
  bucket.level = Math.min(bucket.capacity, bucket.level + refill);
  bucket.at = now;
}

/** A changed limit keeps what was used: the level moves by the difference. */
export function resize(bucket: Bucket, limit: number, burstMs: number): void {
  const used = bucket.capacity - bucket.level;
  bucket.limit = limit;
  bucket.capacity = capacityOf(limit, bucket.windowMs, burstMs);
  bucket.level = bucket.capacity - used;
}

/** Whether `need` can be spent now. What exceeds the capacity of a partial window needs a full bucket. */
export function fits(bucket: Bucket, need: number): boolean {
  return bucket.level + EPSILON >= Math.min(need, bucket.capacity);
}

export function spend(bucket: Bucket, units: number): void {
  if (units === 0) return;
  bucket.level = Math.min(bucket.capacity, bucket.level - units);
  bucket.touched = true;
}

/** Units that a provider would print as "Used": `limit − level`, fractions rounded up. */
export function usedUnits(bucket: Bucket): number {
  return Math.ceil(bucket.limit - bucket.level - EPSILON);
}

/**
 * Milliseconds until `need` fits: `(Used + Requested − Limit) / (Limit / window)`.
 * With `whole` the calculation uses the printed integer, as OpenAI's messages do; else the exact level.
 */
export function waitForMs(bucket: Bucket, need: number, whole: boolean): number {
  const level = whole ? bucket.limit - usedUnits(bucket) : bucket.level;
  return Math.max(0, (Math.min(need, bucket.capacity) - level) / ratePerMs(bucket));
}

/** Milliseconds until the bucket is full: what `reset` headers say. */
export function fullInMs(bucket: Bucket): number {
  const missing = bucket.capacity - bucket.level;
  return missing <= EPSILON ? 0 : missing / ratePerMs(bucket);
}

/** What a `remaining` header says of the whole window; fractional, and negative where the level is. */
export function remainingUnits(bucket: Bucket): number {
  return bucket.limit - (bucket.capacity - bucket.level);
}
