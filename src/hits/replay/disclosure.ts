import type { CallLine, HitLine, LimitLine } from '../hit-line.ts';

/**
 * What answers and refusals of a pool disclose about its limits according to its record, and how full they were at the
 * start.
 */
export interface Disclosure {
  /** Whether answers state what is left. */
  readonly headers: boolean;
  /** Whether they state what is left of the amount that may be spent at once, instead of the minute's. */
  readonly ofBucket: boolean;
  /** Whether refusals say how long to wait, and which limit it was. */
  readonly hints: boolean;
  readonly texts: boolean;
  /** Share of the limits that was available at the first call. */
  readonly fill: number;
}

/** Assumption if a record says nothing. */
export const DISCLOSES_ALL: Disclosure = {
  headers: true,
  ofBucket: false,
  hints: true,
  texts: true,
  fill: 1,
};

/** Levels above this count as full: the difference may be estimation error. */
const NEARLY_FULL = 0.9;

/** Gathers what a provider discloses from the lines of one pool. */
export class DisclosureWatch {
  #told = false;
  #headers = false;
  #ofBucket = false;
  #hits = 0;
  #hinted = false;
  #named = false;
  /** The first statement on each limit. */
  readonly #first = new Map<string, LimitLine>();

  /** Refusals. */
  get hits(): number {
    return this.#hits;
  }

  limit(line: LimitLine): void {
    const { dimension, source, ofBucket, remaining } = line;
    if (source === undefined) return;
    this.#told = true;
    if (source === 'header') this.#headers = true;
    if (ofBucket !== undefined) this.#ofBucket = ofBucket;
    if (source === 'header' && remaining !== undefined && !this.#first.has(dimension)) this.#first.set(dimension, line);
  }

  hit({ dimension, waitSource }: HitLine): void {
    this.#hits++;
    if (dimension !== 'unknown') this.#named = true;
    if (waitSource !== null && waitSource !== 'backoff' && waitSource !== 'default') this.#hinted = true;
  }

  disclosure(calls: readonly CallLine[]): Disclosure {
    const refused = this.#hits > 0;
    return {
      headers: !this.#told || this.#headers,
      ofBucket: this.#ofBucket,
      hints: !refused || this.#hinted,
      texts: !refused || this.#named,
      fill: this.#fill(calls),
    };
  }

  /** What the first statement said was left, plus what earlier calls had taken. */
  #fill(calls: readonly CallLine[]): number {
    let fill = 1;
    for (const { at, dimension, limit, remaining } of this.#first.values()) {
      const until = Date.parse(at);
      let taken = 0;
      for (const call of calls) {
        if (Date.parse(call.at) + call.waitedMs <= until) taken += amountOf(call, dimension);
      }
      const left = (remaining! + taken) / limit;
      if (left < NEARLY_FULL) fill = Math.min(fill, left);
    }
    return fill;
  }
}

function amountOf({ inputTokens, outputTokens, maxOutputTokens }: CallLine, dimension: string): number {
  const input = inputTokens ?? 0;
  const output = outputTokens ?? 0;
  switch (dimension) {
    case 'tokens':
      return input + Math.max(output, maxOutputTokens ?? 0);
    case 'input_tokens':
      return input;
    case 'output_tokens':
      return output;
    default:
      return 1;
  }
}
