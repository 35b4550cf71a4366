import type { HiddenInput } from '../../core/provider.ts';

/** How text of a model becomes tokens: evidence, as `TextTokens` keeps it. */
export interface LearnedText {
  readonly calls: number;
  readonly raw: number;
  readonly counted: number;
  readonly overhead: number;
}

/** What calls to one model were found to take; numbers only. */
export interface LearnedModel {
  readonly calls: number;
  readonly text: LearnedText;
  /** Parts and their tokens, apart for each way in which input hides. */
  readonly hidden: ReadonlyMap<HiddenInput, { readonly parts: number; readonly tokens: number }>;
  /** Share of the input that limits count, where a cache may give the rest. */
  readonly countedShare: number | undefined;
  /** Mean of the output. */
  readonly output: number;
}

/** What calls of a lane were found to take, for a process that has made none. */
export interface LearnedTokens {
  /** Part of a prompt's tokens that the provider counts on arrival. */
  readonly countedOnArrival: number;
  /** Undefined for a model of which nothing is known. */
  of(model: string): LearnedModel | undefined;
}
