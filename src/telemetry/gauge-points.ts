import type { Attributes } from '@opentelemetry/api';
import { seriesKey } from './counter-cells.ts';
import type { LabelsOf } from './contract/labels-of.ts';
import type { GaugeName } from './contract/metrics.ts';

/** One gauge value. */
export interface Point {
  readonly gauge: GaugeName;
  readonly value: number;
  readonly attributes: Attributes;
  /** Rest value, for a reader that goes on exporting a point that is no longer observed. */
  readonly rest: number | undefined;
}

export function point<N extends GaugeName>(
  gauge: N,
  value: number,
  attributes: LabelsOf<N>,
  rest: number | undefined,
): Point {
  return { gauge, value, attributes, rest };
}

/** Labels of a lane's points. */
export interface Labelled {
  /** Attributes that the guard adds to all points. */
  readonly common: Attributes;
  /** Labels with provider and model. */
  readonly model: LabelsOf<'tidegate.ratelimit.observed_age_seconds'>;
}

/** Several lanes may have the same labels (two credentials, or labels beyond the cap): one is shown. */
export class Worst<L extends Attributes, T> {
  readonly #best = new Map<string, { readonly attributes: L; readonly item: T; readonly score: number }>();

  offer(attributes: L, item: T, score: number): void {
    const key = seriesKey(attributes);
    const best = this.#best.get(key);
    if (!best || score > best.score) this.#best.set(key, { attributes, item, score });
  }

  *entries(): Iterable<readonly [L, T]> {
    for (const { attributes, item } of this.#best.values()) yield [attributes, item];
  }
}
