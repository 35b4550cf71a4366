import type { Attributes } from '@opentelemetry/api';
import { seriesKey } from './counter-cells.ts';
import type { GaugeName } from './instruments.ts';

/** One gauge value. */
export interface Point {
  readonly gauge: GaugeName;
  readonly value: number;
  readonly attributes: Attributes;
  /** Harmless value for a reader that goes on exporting a point that is no longer observed. */
  readonly rest: number | undefined;
}

export function point(gauge: GaugeName, value: number, attributes: Attributes, rest: number | undefined): Point {
  return { gauge, value, attributes, rest };
}

/** What the points of a lane are labelled with. */
export interface Labelled {
  /** What the guard adds to all of its points. */
  readonly common: Attributes;
  /** Those with provider and model. */
  readonly model: Attributes;
}

/** Several lanes may have the same labels (two credentials, or labels beyond the cap): one of them is shown. */
export class Worst<T> {
  readonly #best = new Map<string, { readonly attributes: Attributes; readonly item: T; readonly score: number }>();

  offer(attributes: Attributes, item: T, score: number): void {
    const key = seriesKey(attributes);
    const best = this.#best.get(key);
    if (!best || score > best.score) this.#best.set(key, { attributes, item, score });
  }

  *entries(): Iterable<readonly [Attributes, T]> {
    for (const { attributes, item } of this.#best.values()) yield [attributes, item];
  }
}
