import type { CallLine, HitLine, LimitLine } from '../hit-line.ts';

/** What answers and refusals of a pool tell of its limits, as far as a record knows, and what was there at its start. */
export interface Telling {
  /** Whether answers tell what is left. */
  readonly headers: boolean;
  /** Whether what they tell is left of what may be spent at once, and not of the minute. */
  readonly ofBucket: boolean;
  /** Whether refusals say how long to wait, and which limit it was. */
  readonly hints: boolean;
  readonly texts: boolean;
  /** Share of the limits that was there when the first calls came. */
  readonly fill: number;
}

/** What is taken for so where a record says nothing. */
export const TELLS_ALL: Telling = {
  headers: true,
  ofBucket: false,
  hints: true,
  texts: true,
  fill: 1,
};

/** What is missing beyond what calls have taken is a matter of estimates up to here. */
const NEARLY_FULL = 0.9;

/** Gathers from the lines of one pool how its provider tells limits. */
export class TellingWatch {
  #told = false;
  #headers = false;
  #ofBucket = false;
  #hits = 0;
  #hinted = false;
  #named = false;
  /** The first that answers told of each. */
  readonly #first = new Map<string, LimitLine>();

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

  telling(calls: readonly CallLine[]): Telling {
    const refused = this.#hits > 0;
    return {
      headers: !this.#told || this.#headers,
      ofBucket: this.#ofBucket,
      hints: !refused || this.#hinted,
      texts: !refused || this.#named,
      fill: this.#fill(calls),
    };
  }

  /** What was left when it was first told, and what the calls had taken that were sent until then. */
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
