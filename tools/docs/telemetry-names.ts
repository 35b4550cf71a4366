import { METRICS } from '../../ops/metrics.ts';
import * as names from '../../src/telemetry/names.ts';
import { markdownTable } from './markdown-table.ts';

const { ATTR, EVENT } = names;

const code = (text: string): string => `\`${text}\``;
const list = (set: Readonly<Record<string, true>>): string => Object.keys(set).map(code).join(', ');

/** What a label may be, by its attribute. */
const VALUES: Readonly<Record<string, string>> = {
  'gen_ai.provider.name': list(names.PROVIDERS),
  'gen_ai.request.model': 'the model that was asked for, of the first 20',
  'gen_ai.response.model': 'the model that answered, of the first 20',
  'gen_ai.operation.name': list(names.OPERATIONS),
  'server.address': 'host of the provider, of the first 20',
  'server.port': 'its port',
  'error.type': 'what the call failed of; absent where it did not',
  'http.response.status_code': 'the status, or `_OTHER` and the like where there was none',
  'tidegate.outcome': list(names.CALL_OUTCOMES),
  'tidegate.attempt.outcome': '`ok`, `retryable`, `fatal`',
  'tidegate.retry.reason': list(names.RETRY_REASONS),
  'tidegate.delay.source': list(names.DELAY_SOURCES),
  'tidegate.limit.dimension': `${list(names.DIMENSIONS)}; of rejections also \`overloaded\` and \`no_capacity\`, of waits also \`pause\`, \`circuit\` and \`none\``,
  'tidegate.priority': list(names.PRIORITIES),
  'tidegate.wait.stage': 'what was waited for: the `pacer`, a slot of the `bulkhead`, or the `circuit`',
  'tidegate.token.kind':
    '`input`, `cache_read`, `cache_write`, `output`, `reasoning`; the cached ones are part of `input`, `reasoning` of `output`',
  'tidegate.stream.outcome': list(names.STREAM_OUTCOMES),
  'tidegate.circuit.state': list(names.CIRCUIT_STATES),
  'tidegate.unguarded.via': list(names.UNGUARDED_VIAS),
  'tidegate.retry.layer': list(names.RETRY_LAYERS),
  'tidegate.cost.spent_on': list(names.SPENT_ON),
  'tidegate.cut.reason': list(names.CUT_REASONS),
  'tidegate.tier.asked': list(names.TIERS),
  'tidegate.tier.served': list(names.TIERS),
  'tidegate.batch.state': list(names.BATCH_STATES),
  'tidegate.fleet.mode': list(names.SHARED_MODES),
  'tidegate.fleet.fault': list(names.STORE_FAULTS),
  'tidegate.bulkhead': 'the lane, `provider/pool`, of the first 20',
  'tidegate.circuit': 'the lane, of the first 50',
  version: 'of tidegate',
  sdk: code(names.SDK),
};

/** Labels of metrics. */
const LABELS: ReadonlySet<string> = new Set(Object.values(METRICS).flatMap(({ attributes }) => attributes));

export function labelTable(): string {
  const rows = [...LABELS].map((label) => [code(label.replaceAll('.', '_')), VALUES[label] ?? '']);
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

/** Labels that spans have as well. */
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

/** Of metrics of the conventions, and of copies of tidegate that cannot share their state. */
export const ELSEWHERE: readonly string[] = [ATTR.tokenType, ATTR.tokenModality, ATTR.copy];

/** On the span of a call: whatever is neither a label of metrics alone nor an attempt's. */
const CALL: readonly string[] = Object.values(ATTR).filter(
  (attribute) =>
    OF_BOTH.includes(attribute) ||
    !(LABELS.has(attribute) || ELSEWHERE.includes(attribute) || ATTEMPT.includes(attribute)),
);

/** Spans with their attributes, and the events on them. */
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
