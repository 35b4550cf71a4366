import { type Meaning, pick, type Random } from './meaning.ts';
import type { Worded } from './wordings.ts';

/** A body around a message. `status` is a status that the body may contain. */
type Shape = (worded: Worded, status: number) => unknown;

const error = ({ message, type, code }: Worded, rest: object = {}): object => ({
  message,
  ...(type === undefined ? {} : { type }),
  ...(code === undefined ? {} : { code }),
  ...rest,
});

/** Bodies with an error object, which may occur in streams and answers. */
export const NESTED: readonly Shape[] = [
  (worded, status) => ({
    error: {
      param: null,
      type: 'requests_x',
      ...error(worded),
      ...(worded.code || worded.type ? {} : { code: status }),
    },
  }),
  (worded, status) => ({ error: { ...error(worded), code: status, status: worded.code ?? worded.type } }),
  (worded, status) => ({
    error: {
      message: 'Provider returned error',
      code: status,
      metadata: { raw: JSON.stringify({ error: error(worded) }), provider_name: 'P' },
    },
  }),
  (worded, status) => ({
    error: {
      message: 'Provider returned error',
      code: status,
      metadata: { raw: worded.message, error_type: worded.code ?? worded.type },
    },
  }),
  (worded, status) => ({ error: { message: JSON.stringify({ error: error(worded) }), code: status } }),
];

export const WHOLE: readonly Shape[] = [
  ...NESTED,
  (worded) => ({ type: 'error', error: { type: 'api_error_x', ...error(worded) }, request_id: 'req_1' }),
  (worded, status) => [{ error: { ...error(worded), code: status, status: worded.code ?? worded.type ?? 'UNKNOWN' } }],
  (worded) => ({ object: 'error', param: null, ...error(worded) }),
  (worded) => ({ code: worded.code ?? worded.type ?? 'Some resource has been exhausted', error: worded.message }),
  (worded) => ({ error: worded.code ?? worded.type ?? 'Too Many Requests', message: worded.message }),
  (worded) => ({
    detail: worded.message,
    ...(worded.code ? { code: worded.code } : {}),
    ...(worded.type ? { type: worded.type } : {}),
  }),
  (worded) => ({ fault: { faultstring: worded.message, ...error(worded, { message: undefined }) } }),
  (worded) => JSON.stringify({ error: error(worded) }),
];

/** The same in the fields of Google's details, for limits that these name. */
export function googleDetails({ named, limit, waitMs }: Meaning): object[] {
  const pascal = named.id.replaceAll(/(?:^|_)([a-z])/g, (_all, letter: string) => letter.toUpperCase());
  const window = named.window === 'day' ? 'Day' : 'Minute';
  return [
    {
      '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
      violations: [
        {
          quotaMetric: `generativelanguage.googleapis.com/generate_content_paid_tier_${named.id}`,
          quotaId: `GenerateContentPaidTier${pascal}PerModelPer${window}`,
          quotaValue: String(limit),
        },
      ],
    },
    ...(waitMs === undefined
      ? []
      : [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${waitMs / 1_000}s` }]),
  ];
}

export const GOOGLE_MESSAGE =
  'You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.';

/** Statuses that providers use for each meaning. */
export function statusOf({ outcome, noCapacity, limit }: Meaning, random: Random): number {
  switch (outcome) {
    case 'quota_exhausted':
      return pick(random, [429, 402, 403]);
    case 'too_large':
      return limit > 0 ? pick(random, [429, 413]) : 429;
    case 'overloaded':
      return noCapacity ? pick(random, [429, 503, 498]) : pick(random, [429, 503, 529, 500]);
    default:
      return 429;
  }
}
