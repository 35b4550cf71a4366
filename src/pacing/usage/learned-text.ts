import { createHash } from 'node:crypto';
import { HIDDEN_INPUTS } from '../../core/provider.ts';
import type { Learned } from '../limits/limit-divider.ts';
import type { LearnedModel, LearnedTokens } from './learned-tokens.ts';

/** Number of newest models that are kept. */
const MODELS = 16;
const DIGITS = 4;
/** Larger values are rejected, since the file may be corrupt. */
const MAX_TOKENS = 1e7;

/** Serialized form, in a store or a file, keyed by digests of model names. */
interface Told {
  readonly onArrival: number;
  readonly models: Readonly<Record<string, ToldModel>>;
}

interface ToldModel {
  /** Calls, mean output. */
  readonly output: readonly number[];
  /** Calls, expected tokens of their text, counted tokens, overhead. */
  readonly text: readonly number[];
  readonly cached?: number | undefined;
  /** Parts, tokens. */
  readonly hidden?: Readonly<Record<string, readonly number[]>>;
}

export function writeLearned({ countedOnArrival, models }: Learned): string {
  const newest = Array.from(models()).slice(-MODELS);
  const told: Told = {
    onArrival: round(countedOnArrival),
    models: Object.fromEntries(newest.map(([model, learned]) => [digestOf(model), toldOf(learned)])),
  };
  return JSON.stringify(told);
}

function toldOf({ calls, text, hidden, countedShare, output }: LearnedModel): ToldModel {
  return {
    output: [calls, output].map(round),
    text: [text.calls, text.raw, text.counted, text.overhead].map(round),
    ...(countedShare !== undefined && { cached: round(countedShare) }),
    ...(hidden.size > 0 && {
      hidden: Object.fromEntries(
        Array.from(hidden, ([kind, { parts, tokens }]) => [kind, [round(parts), round(tokens)]]),
      ),
    }),
  };
}

/** Undefined for text in any other format, none of which is trusted. */
export function readLearned(text: string): LearnedTokens | undefined {
  try {
    const { onArrival, models } = JSON.parse(text) as Told;
    if (!areAmounts([onArrival], 1) || onArrival === 0) return undefined;
    const known = new Map(Object.entries(models).map(([digest, told]) => [digest, learnedOf(told)]));
    return { countedOnArrival: Math.min(1, onArrival), of: (model) => known.get(digestOf(model)) };
  } catch {
    return undefined;
  }
}

function learnedOf({ output, text, cached, hidden = {} }: ToldModel): LearnedModel | undefined {
  if (!areAmounts(output, 2) || !areAmounts(text, 4) || !areAmounts([cached ?? 0], 1)) return undefined;
  const [calls, mean] = output as [number, number];
  const [texts, raw, counted, overhead] = text as [number, number, number, number];
  if (Math.max(mean, overhead) > MAX_TOKENS) return undefined;
  const parts = HIDDEN_INPUTS.flatMap((kind) => {
    const known = hidden[kind];
    return areAmounts(known, 2) && known[0]! > 0 && known[1]! <= MAX_TOKENS * known[0]!
      ? [[kind, { parts: known[0]!, tokens: known[1]! }] as const]
      : [];
  });
  return {
    calls,
    text: { calls: texts, raw, counted, overhead },
    hidden: new Map(parts),
    countedShare: cached,
    output: mean,
  };
}

function areAmounts(values: unknown, count: number): values is readonly number[] {
  return (
    Array.isArray(values) &&
    values.length === count &&
    values.every((value) => typeof value === 'number' && Number.isFinite(value) && value >= 0)
  );
}

/** A fine-tuned model's name may contain its owner's. */
function digestOf(model: string): string {
  return createHash('sha256').update(model).digest('base64url').slice(0, 11);
}

function round(value: number): number {
  return Number(value.toPrecision(DIGITS));
}
