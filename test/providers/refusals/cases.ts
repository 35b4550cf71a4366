import type { Failure } from '../../../src/core/outcome.ts';
import type { ProviderName } from '../../../src/core/provider.ts';
import { type Meaning, meaningOf, pick, randomOf } from './meaning.ts';
import { GOOGLE_MESSAGE, googleDetails, NESTED, statusOf, WHOLE } from './shapes.ts';
import { wordingOf } from './wordings.ts';

export type Position = 'error response' | 'inside a 200' | 'first event' | 'later event';

/** One refusal as it is sent, and its intended interpretation. */
export interface Case {
  readonly seed: number;
  readonly provider: ProviderName;
  readonly position: Position;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly expected: Partial<Failure>;
  readonly meaning: Meaning;
}

const PROVIDERS: readonly ProviderName[] = [
  'openai',
  'groq',
  'anthropic',
  'azure.ai.openai',
  'gcp.vertex_ai',
  'aws.bedrock',
];
const POSITIONS: readonly Position[] = [
  'error response',
  'error response',
  'inside a 200',
  'first event',
  'later event',
];

export function caseOf(seed: number): Case {
  const random = randomOf(seed);
  const meaning = meaningOf(random);
  const { outcome, named, limit, noCapacity } = meaning;
  const position = pick(random, POSITIONS);
  const status = statusOf(meaning, random);
  const limited = outcome === 'throttled' || outcome === 'too_large';
  const google = outcome === 'throttled' && named.id !== '' && named.abbreviation !== 'IPM' && random() < 0.15;
  const worded = google
    ? { message: GOOGLE_MESSAGE, states: { limit: true, wait: meaning.waitMs !== undefined } }
    : wordingOf(meaning, random);
  const shape = pick(random, position === 'error response' ? WHOLE : NESTED);
  const body = google
    ? {
        error: { code: 429, message: GOOGLE_MESSAGE, status: 'RESOURCE_EXHAUSTED', details: googleDetails(meaning) },
      }
    : shape(worded, status);
  // A head that was sent earlier says nothing about what follows.
  const headerMs = position === 'error response' ? meaning.headerMs : undefined;
  const bodyMs = worded.states.wait ? meaning.waitMs : undefined;
  const hintMs = Math.max(headerMs ?? -1, bodyMs ?? -1);
  return {
    seed,
    provider: pick(random, PROVIDERS),
    position,
    status,
    headers: headerMs === undefined ? {} : { 'retry-after': String(headerMs / 1_000) },
    body: google && random() < 0.5 && position === 'error response' ? [body] : body,
    expected: {
      outcome,
      ...(noCapacity ? { noCapacity } : {}),
      ...(limited ? { dimension: named.dimension } : {}),
      ...(limited && worded.states.limit ? { limit } : {}),
      ...(hintMs < 0 ? {} : { hintMs }),
    },
    meaning,
  };
}
