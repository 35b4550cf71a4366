import type { ErrorAnswer } from '../../../src/simulator/dialects/dialect.ts';
import { mulberry32 } from '../../../src/simulator/random.ts';
import { Draw } from './dice.ts';

/** Separates a provider's faults from the other draws of its seed. */
const SPREAD = 0x51ed_270b;
const MIN_PHASE_MS = 2_000;
const MAX_PHASE_MS = 8_000;

type Body = Readonly<Record<string, string>>;

const answer = (message: string, fields: Body = {}, headers: Body = {}, status = 429): ErrorAnswer => ({
  status,
  headers,
  body: { type: 'error', error: { type: 'rate_limit_error', message, ...fields } },
  limitHeaders: false,
});

/** One false refusal: the next call succeeds. */
const REFUSALS = {
  'asks for an hour': answer('Too many requests', {}, { 'retry-after': '3600' }),
  'names a day': answer(
    'Rate limit reached for m on requests per day (RPD): Limit 200, Used 200, Requested 1. Please try again in 7m12s.',
  ),
  'says that the quota is exhausted': answer('You exceeded your current quota', {
    type: 'insufficient_quota',
    code: 'insufficient_quota',
  }),
  'says too large': answer('Request too large for m on tokens per min (TPM): Limit 1, Requested 20.', {
    type: 'tokens',
  }),
  'names a limit of zero': answer('Rate limit exceeded. Limit: 0/1min. Current: 1/1min.'),
  'refuses a key': answer('Incorrect API key provided', { code: 'invalid_api_key' }, {}, 401),
} as const satisfies Record<string, ErrorAnswer>;

/** The answer to all calls for a while, not because of a limit. */
const PHASES = {
  'slow down': answer('Slow down.', { code: 'slow_down' }),
  'too fast a growth': answer('This would exceed your maximum usage increase rate.'),
  'too many at once': answer('Too many concurrent requests'),
  'too many requests': answer('Too many requests'),
  overloaded: answer('Overloaded', { type: 'overloaded_error' }, {}, 529),
} as const satisfies Record<string, ErrorAnswer>;

/** What headers show from a moment on: the same as then, or nothing left. */
type Stale = 'frozen' | 'empty';

export type Wrong =
  | { readonly kind: 'refusal'; readonly says: keyof typeof REFUSALS; readonly place: number }
  | { readonly kind: 'phase'; readonly says: keyof typeof PHASES; readonly fromMs: number; readonly untilMs: number }
  | { readonly kind: 'headers'; readonly show: Stale; readonly fromMs: number };

/** Something that the provider of this seed does wrong while serving. `sentMs`: the lower bound of its calls. */
export function drawWrong(seed: number, calls: number, sentMs: number): Wrong {
  const draw = new Draw(mulberry32((seed ^ SPREAD) >>> 0));
  const kind = draw.among<Wrong['kind']>({ refusal: 4, phase: 3, headers: 3 });
  if (kind === 'refusal') {
    const says = draw.among(weights(REFUSALS));
    return { kind, says, place: Math.floor(draw.between(0.1, 0.6) * calls) };
  }
  const fromMs = draw.between(0.1, 0.5) * sentMs;
  if (kind === 'headers') return { kind, show: draw.among({ frozen: 1, empty: 1 }), fromMs };
  const says = draw.among(weights(PHASES));
  return { kind, says, fromMs, untilMs: fromMs + draw.between(MIN_PHASE_MS, MAX_PHASE_MS) };
}

export function refusalOf(wrong: Wrong | undefined, place: number): ErrorAnswer | undefined {
  return wrong?.kind === 'refusal' && wrong.place === place ? REFUSALS[wrong.says] : undefined;
}

export function phaseOf(wrong: Wrong | undefined): ErrorAnswer | undefined {
  return wrong?.kind === 'phase' ? PHASES[wrong.says] : undefined;
}

export function describeWrong(wrong: Wrong): string {
  if (wrong.kind === 'refusal') return `refusal ${wrong.place} ${wrong.says}`;
  const from = `from ${(wrong.fromMs / 1_000).toFixed(1)} s`;
  return wrong.kind === 'headers' ? `headers ${wrong.show} ${from}` : `all told "${wrong.says}" ${from}`;
}

function weights<K extends string>(kinds: Readonly<Record<K, unknown>>): Record<K, number> {
  return Object.fromEntries(Object.keys(kinds).map((kind) => [kind, 1])) as Record<K, number>;
}
