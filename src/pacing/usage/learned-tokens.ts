import type { HiddenInput } from '../../core/provider.ts';

/** Evidence of how a model turns text into tokens, as `TextTokens` keeps it. */
export interface LearnedText {
  readonly calls: number;
  readonly raw: number;
  readonly counted: number;
  readonly overhead: number;
}

/** Learned token usage of one model; numbers only. */
export interface LearnedModel {
  readonly calls: number;
  readonly text: LearnedText;
  /** Parts and their tokens, by kind of hidden input. */
  readonly hidden: ReadonlyMap<HiddenInput, { readonly parts: number; readonly tokens: number }>;
  /** Share of the input that limits count, if the rest may come from a cache. */
  readonly countedShare: number | undefined;
  /** Mean output. */
  readonly output: number;
}

/** A lane's learned token usage, for a process that has made no calls yet. */
export interface LearnedTokens {
  /** Fraction of a prompt's tokens that the provider counts on arrival. */
  readonly countedOnArrival: number;
  /** Undefined for an unknown model. */
  of(model: string): LearnedModel | undefined;
}
