export type LimitBelief =
  | 'short_bucket'
  | 'scaled_level'
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
    'the remaining amount never exceeds a fraction of the limit, and resets come far too soon for the rest to refill',
  scaled_level: 'the remaining amount falls by a multiple of what calls take, and returns faster than the limit allows',
  shorter_window:
    'more gets through than the limit allows per window, it resets too soon, or a refusal named a larger limit',
  other_scope: 'a refusal named a smaller limit than headers state',
  less_than_told: 'calls are refused although headers show enough, and less gets through than the stated rate',
  unenforced_level: 'call after call is served although headers never show enough for it',
  shared: 'less remains than our own calls explain',
  resets_at_once: 'everything that was missing was available at the stated reset',
  fixed_window: 'the stated reset counts down with the clock, whatever is used in the meantime',
  wall: 'every call is refused, at any pace',
  pace: 'calls are refused above this pace and not below it',
  trial: 'some calls are refused, and another pace is tried to see whether that changes it',
  chance: 'a slower pace is refused as often',
};
