import type { LearnedText } from './learned-tokens.ts';

/** For English text in UTF-8; observed counts correct it for everything else. */
const BYTES_PER_TOKEN = 3.6;
/** No tokenizer produces more than one token per byte. */
const MAX_RATIO = BYTES_PER_TOKEN;
const MIN_RATIO = 0.05;
/** Weight of the initial assumption, in tokens: a few greetings say nothing about a book. */
const PRIOR_TOKENS = 200;
/** Evidence to keep, in tokens; newer text displaces older. */
const KEPT_TOKENS = 50_000;
/** Largest overhead per call beside its text: roles, delimiters, a system prompt for tools. */
const MAX_OVERHEAD = 400;
const OVERHEAD_WEIGHT = 0.1;

/** Initial estimate of the tokens in this many bytes of text. */
export function rawTokens(bytes: number): number {
  return bytes / BYTES_PER_TOKEN;
}

/** Tokens per byte of text, learned from observed usage; each call is weighted by its length. */
export class TextTokens {
  calls = 0;
  #raw = PRIOR_TOKENS;
  #counted = PRIOR_TOKENS;
  #overhead = 0;

  static of({ calls, raw, counted, overhead }: LearnedText): TextTokens {
    const text = new TextTokens();
    text.calls = calls;
    text.#raw = Math.max(PRIOR_TOKENS, raw);
    text.#counted = counted;
    text.#overhead = Math.min(MAX_OVERHEAD, overhead);
    return text;
  }

  get learned(): LearnedText {
    return { calls: this.calls, raw: this.#raw, counted: this.#counted, overhead: this.#overhead };
  }

  get #ratio(): number {
    return Math.min(MAX_RATIO, Math.max(MIN_RATIO, this.#counted / this.#raw));
  }

  estimate(raw: number): number {
    return raw > 0 ? raw * this.#ratio + this.#overhead : 0;
  }

  observe(raw: number, counted: number): void {
    this.calls++;
    const kept = Math.min(1, KEPT_TOKENS / this.#raw);
    this.#raw = this.#raw * kept + raw;
    this.#counted = this.#counted * kept + Math.max(0, counted - this.#overhead);
    const beside = Math.min(MAX_OVERHEAD, Math.max(0, counted - raw * this.#ratio));
    this.#overhead += (beside - this.#overhead) * Math.max(OVERHEAD_WEIGHT, 1 / this.calls);
  }
}
