export type LimitBelief =
  | 'short_bucket'
  | 'shorter_window'
  | 'other_scope'
  | 'less_than_told'
  | 'unenforced_level'
  | 'shared'
  | 'resets_at_once'
  | 'fixed_window'
  | 'wall'
  | 'pace'
  | 'trial'
  | 'chance';

/**
 * What is believed about a limit beyond what the provider states, and the evidence for it. Each belief ends with
 * evidence against it.
 */
export const BELIEFS: Readonly<Record<LimitBelief, string>> = {
  short_bucket:
    'what is left never shows more than a part of the limit, though it is full again far too soon for the rest',
  shorter_window:
    'more gets through than the limit allows in its window, it is whole again too soon, or a refusal named a larger limit',
  other_scope: 'a refusal named a smaller limit than headers tell',
  less_than_told: 'calls are refused though headers show enough, and less gets through than they tell',
  unenforced_level: 'calls are served one after another though headers never show enough for them',
  shared: 'less is left than our own calls have taken',
  resets_at_once: 'all that was missing was there at the reset that was told',
  fixed_window: 'the reset that is told runs down as the clock does, whatever was taken meanwhile',
  wall: 'every call is refused, at any pace',
  pace: 'calls are refused above this pace, and not below it',
  trial: 'some calls are refused: it is tried whether fewer are at a slower pace',
  chance: 'as many calls are refused at a slower pace',
};
