import * as closedSets from '../../src/telemetry/contract/closed-sets.ts';
import { setsOf } from '../../src/telemetry/contract/labels-of.ts';
import { GEN_AI_METRICS } from '../../src/telemetry/contract/gen-ai-metrics.ts';
import { type Metric, METRICS } from '../../src/telemetry/contract/metrics.ts';
import { OPEN_SETS } from '../../src/telemetry/contract/scopes.ts';
import * as names from '../../src/telemetry/names.ts';
import { markdownTable } from './markdown-table.ts';

const { ATTR, EVENT } = names;

const code = (text: string): string => `\`${text}\``;

const CLOSED: Readonly<Record<string, Readonly<Record<string, true>>>> = closedSets;
const OPEN: Readonly<Record<string, string>> = OPEN_SETS;

/** Notes on a label besides its values. */
const NOTES: Readonly<Record<string, string>> = {
  'error.type': 'absent where it did not fail',
  'tidegate.token.kind': 'the cached ones are part of `input`, `reasoning` of `output`',
  'tidegate.wait.stage': 'of the queue, for a slot, or for a provider that fails',
};

const ALL: readonly (readonly [string, Metric])[] = Object.entries<Metric>({ ...METRICS, ...GEN_AI_METRICS });

/** Sets of values of each label, with the metrics that use each. */
function sets(): ReadonlyMap<string, ReadonlyMap<string, readonly string[]>> {
  const all = new Map<string, Map<string, string[]>>();
  for (const [name, metric] of ALL) {
    for (const [label, set] of Object.entries(setsOf(metric))) {
      const known = all.get(label) ?? new Map<string, string[]>();
      all.set(label, known.set(set, [...(known.get(set) ?? []), name]));
    }
  }
  return all;
}

/** Labels of metrics. */
const LABELS = sets();

/** The values of a label; values that only some metrics have come last. */
function valuesOf(label: string): string {
  const own = [...LABELS.get(label)!].toSorted(([a], [b]) => sizeOf(a) - sizeOf(b));
  const [first] = own[0]!;
  const texts = [OPEN[first] ?? Object.keys(CLOSED[first]!).map(code).join(', ')];
  for (const [set, metrics] of own.slice(1)) {
    const more = Object.keys(CLOSED[set] ?? {}).filter((value) => !Object.hasOwn(CLOSED[first] ?? {}, value));
    const where = metrics.map((name) => code(name.replaceAll('.', '_'))).join(', ');
    texts.push(`of ${where} also ${more.map(code).join(', ')}`);
  }
  const note = NOTES[label];
  return [...texts, ...(note === undefined ? [] : [note])].join('; ');
}

const sizeOf = (set: string): number => Object.keys(CLOSED[set] ?? {}).length;

export function labelTable(): string {
  const rows = [...LABELS.keys()].map((label) => [code(label.replaceAll('.', '_')), valuesOf(label)]);
  return markdownTable([['label', 'values'], ...rows]);
}

/** On the span of an attempt. */
const ATTEMPT: readonly string[] = [
  ATTR.attemptNumber,
  ATTR.statusCode,
  ATTR.requestId,
  ATTR.errorType,
  ATTR.resendCount,
];

/** Labels that spans have too. */
const OF_BOTH: readonly string[] = [
  ATTR.provider,
  ATTR.requestModel,
  ATTR.operation,
  ATTR.outcome,
  ATTR.serverAddress,
  ATTR.serverPort,
  ATTR.responseModel,
  ATTR.errorType,
];

/** For copies of tidegate that cannot share their state. */
export const ELSEWHERE: readonly string[] = [ATTR.copy];

/** On the span of a call: everything that is neither a metric label only nor an attempt's. */
const CALL: readonly string[] = Object.values(ATTR).filter(
  (attribute) =>
    OF_BOTH.includes(attribute) ||
    !(LABELS.has(attribute) || ELSEWHERE.includes(attribute) || ATTEMPT.includes(attribute)),
);

/** Spans with their attributes, and their events. */
export function spanTables(): string {
  return `${markdownTable([
    ['span', 'kind', 'when', 'attributes'],
    [
      '`{operation} {model}`, as in `chat gpt-4o-mini`',
      'CLIENT',
      'one a call, from the first wait to the end of the body',
      `${CALL.map(code).join(', ')}, and sampling parameters as \`${names.REQUEST_PREFIX}*\``,
    ],
    [
      code(names.ATTEMPT_SPAN),
      'INTERNAL',
      'one an attempt, below the call; the trace goes out with its request',
      ATTEMPT.map(code).join(', '),
    ],
  ])}

Events on the call's span: ${Object.values(EVENT).map(code).join(', ')}. Their attributes: ${Object.values(names.EVENT_ATTR).map(code).join(', ')}.`;
}
