import { type Meaning, pick, type Random } from './meaning.ts';

/** A message, and the parts of the meaning that it states. */
export interface Worded {
  readonly message: string;
  readonly states: { readonly limit: boolean; readonly wait: boolean };
  readonly type?: string;
  readonly code?: string;
}

type Wording = (meaning: Meaning, random: Random) => Omit<Worded, 'states'> | undefined;

const group = (count: number): string => count.toLocaleString('en-US');

/** A Go duration, as OpenAI and Groq write it. */
function goDuration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const seconds = (ms - minutes * 60_000) / 1_000;
  if (minutes > 0) return `${minutes}m${seconds}s`;
  return ms < 1_000 ? `${ms}ms` : `${seconds}s`;
}

const DURATIONS: readonly ((ms: number) => string)[] = [
  goDuration,
  (ms) => `${ms / 1_000} seconds`,
  (ms) => `${ms / 1_000} secs`,
  (ms) => `${ms} milliseconds`,
];

const CUES = [
  'Please try again in',
  'Please slow down and try again after',
  'Please retry after',
  'Please retry in',
  'Please wait',
  'Available again in',
  'Your limit resets in',
];

function waitOf({ waitMs }: Meaning, random: Random): string {
  return waitMs === undefined ? '' : ` ${pick(random, CUES)} ${pick(random, DURATIONS)(waitMs)}.`;
}

const HEADS = ['gpt-4o', 'model `llama-3.3-70b-versatile`', 'default-gpt-3.5-turbo', 'gpt-4o (for limit gpt-image)'];

const NUMBERED: readonly Wording[] = [
  ({ named, limit, used, requested, outcome }, random) => {
    const large = outcome === 'too_large' && limit > 0;
    const numbers = large
      ? `Limit ${limit}, Requested ${requested}`
      : `Limit ${limit}, Used ${used}, Requested ~${requested}`;
    const name = named.abbreviation === '' ? '' : ` (${named.abbreviation})`;
    return {
      message: `${large ? 'Request too large' : 'Rate limit reached'} for ${pick(random, HEADS)} in organization \`org_x1y2\` service tier \`on_demand\` on ${named.noun} per ${pick(random, [named.window, named.window.slice(0, 3)])}${name}: ${numbers}.`,
      code: 'rate_limit_exceeded',
    };
  },
  ({ named, limit, used, outcome }) =>
    outcome === 'too_large' && limit > 0
      ? undefined
      : {
          message: `Rate limit exceeded for ${named.noun} per ${named.window} in organization org-x1. Limit: ${limit}/1${named.window.slice(0, 3)}. Current: ${used + 1}/1${named.window.slice(0, 3)}.`,
          code: 'rate_limit_exceeded',
        },
  ({ named, limit, outcome }) =>
    outcome === 'too_large' && limit > 0
      ? undefined
      : {
          message: `This request would exceed your organization's rate limit of ${group(limit)} ${named.noun} per ${named.window} (org: 679abe92, model: claude-opus-4-6).`,
          type: 'rate_limit_error',
        },
  ({ named, limit, outcome }) =>
    outcome === 'too_large' && limit > 0
      ? undefined
      : {
          message: `You have been rate limited. Your rate limit is ${limit} ${named.noun} per ${named.window}.`,
          type: 'rate_limit',
        },
  ({ named, limit, used, outcome }) =>
    outcome === 'too_large' && limit > 0
      ? undefined
      : {
          message: `Too many calls for team 7 and model grok-4. Your team's rate limit is — ${named.noun} per ${named.window} (actual/limit): ${used + 5}/${limit}. You can view your team rate limits at https://console.x.ai.`,
        },
];

const UNNUMBERED: readonly Wording[] = [
  ({ named }) =>
    named.id === ''
      ? undefined
      : {
          message: `Quota exceeded for aiplatform.googleapis.com/online_prediction_${named.id}_per_${named.window}_per_base_model with base model: x.`,
          code: 'RESOURCE_EXHAUSTED',
        },
  ({ named }) => ({
    message: `Too many ${named.noun} per ${named.window}, please wait before trying again.`,
    type: 'ThrottlingException',
  }),
  ({ named }) => ({
    message: `You exceeded the ${named.noun} per ${named.window} of your plan.`,
    code: 'too_many_requests',
  }),
];

const QUOTA: readonly Omit<Worded, 'states'>[] = [
  {
    message: 'You exceeded your current quota, please check your plan and billing details.',
    type: 'insufficient_quota',
  },
  { message: 'You have no credits remaining. Add credits to continue.', code: 'credit_balance_exhausted' },
  { message: 'Your credit balance is too low to access the Anthropic API.', type: 'invalid_request_error' },
  { message: 'Insufficient Balance', type: 'unknown_error' },
  { message: 'Your team x has either used all available credits or reached its monthly spending limit.' },
  { message: 'Insufficient credits. Add more using https://openrouter.ai/settings/credits' },
];
const FULL: readonly Omit<Worded, 'states'>[] = [
  { message: 'Flex is not there now.', code: 'resource_unavailable' },
  { message: 'Service tier capacity exceeded for this model.', type: 'invalid_request_error' },
  { message: 'No capacity available for model x on the server', code: 'RESOURCE_EXHAUSTED' },
  { message: 'Later, please.', code: 'capacity_exceeded' },
];
const BUSY: readonly Omit<Worded, 'states'>[] = [
  { message: 'Our servers are currently overloaded. Please try again later.', code: 'server_is_overloaded' },
  { message: 'Overloaded', type: 'overloaded_error' },
  {
    message: 'x is currently over capacity. Please try again and back off exponentially.',
    type: 'internal_server_error',
  },
  { message: 'The model is currently experiencing high demand.', type: 'server_error' },
];

export function wordingOf(meaning: Meaning, random: Random): Worded {
  const { outcome, noCapacity } = meaning;
  if (outcome === 'quota_exhausted') return { ...pick(random, QUOTA), states: { limit: false, wait: false } };
  if (outcome === 'overloaded') {
    return { ...pick(random, noCapacity ? FULL : BUSY), states: { limit: false, wait: false } };
  }
  for (;;) {
    const numbered = outcome === 'too_large' || random() < 0.75;
    const worded = pick(random, numbered ? NUMBERED : UNNUMBERED)(meaning, random);
    if (!worded) continue;
    const wait = waitOf(meaning, random);
    return { ...worded, message: worded.message + wait, states: { limit: numbered, wait: wait !== '' } };
  }
}
