import { GEN_AI_SERIES } from '../../ops/gen-ai-series.ts';
import { METRICS, type Metric } from '../../ops/metrics.ts';
import { familyName } from '../../ops/naming.ts';

/** Values of each attribute in the sample. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  'gen_ai.provider.name': ['openai'],
  'gen_ai.request.model': ['gpt-5.1', 'gpt-5.1-mini'],
  'gen_ai.operation.name': ['chat'],
  'error.type': ['', 'rate_limit_exceeded'],
  'tidegate.outcome': ['success', 'success_after_retry', 'retries_exhausted', 'rejected_bulkhead', 'cancelled'],
  'http.response.status_code': ['200', '401', '429', '503'],
  'tidegate.retry.reason': ['rate_limit', 'server_error'],
  'tidegate.delay.source': ['retry_after', 'backoff'],
  'tidegate.wait.stage': ['pacer'],
  'tidegate.priority': ['interactive', 'batch'],
  'tidegate.limit.dimension': ['requests', 'tokens', 'requests_day'],
  'tidegate.token.kind': ['input', 'cache_read', 'output'],
  'tidegate.stream.outcome': ['completed', 'interrupted'],
  'tidegate.unguarded.via': ['sdk'],
  'tidegate.retry.layer': ['ai_sdk'],
  'tidegate.cost.spent_on': ['answers', 'failures'],
  'tidegate.cut.reason': ['length', 'refusal'],
  'tidegate.tier.asked': ['fast'],
  'tidegate.tier.served': ['fast', 'standard'],
  'tidegate.fleet.fault': ['timeout', 'connection'],
  'tidegate.fleet.mode': ['joining', 'shared', 'alone'],
  'tidegate.batch.state': ['answered', 'failed', 'in_flight', 'left'],
  'gen_ai.token.type': ['input', 'output'],
  'tidegate.bulkhead': ['openai/gpt-5.1'],
  'tidegate.circuit': ['openai/gpt-5.1'],
  'tidegate.circuit.state': ['closed', 'open', 'half_open'],
  version: ['1.0.0'],
  sdk: ['openai'],
};

type Labels = Readonly<Record<string, string>>;

/** Attributes of an emitter of the conventions other than tidegate. */
const GEN_AI: readonly (readonly [family: string, Metric])[] = (
  [
    ['duration', ['error.type']],
    ['firstChunk', []],
    ['firstToken', []],
    ['perToken', []],
    ['tokens', ['gen_ai.token.type']],
  ] as const
).map(([name, more]) => [
  GEN_AI_SERIES[name][0],
  { instrument: 'histogram', unit: 's', attributes: ['gen_ai.provider.name', 'gen_ai.request.model', ...more] },
]);

/** Gauges by meaning; `minute` counts from the start of the sample. */
function gauge(name: string, labels: Labels, minute: number): number {
  const dimension = labels['tidegate_limit_dimension'];
  const mini = labels['gen_ai_request_model'] === 'gpt-5.1-mini';
  switch (name) {
    case 'tidegate.ratelimit.limit':
      return 1000;
    case 'tidegate.ratelimit.remaining':
      // The tokens of the large model run out during the hour; 40 % of them are left half an hour before its end.
      return dimension === 'tokens' && !mini ? 700 - 10 * minute : 900 - minute;
    case 'tidegate.limit.utilization_ratio':
      return 1 - gauge('tidegate.ratelimit.remaining', labels, minute) / 1000;
    case 'tidegate.circuit.state':
      return labels['tidegate_circuit_state'] === 'open' ? 1 : 0;
    case 'tidegate.bulkhead.queued':
      return 3;
    case 'tidegate.batch.items':
      return minute * 60;
    default:
      return 10;
  }
}

/** An hour of every metric up to `endSeconds`, as OpenMetrics text with timestamps. */
export function sampleHour(endSeconds: number, extra: readonly string[]): string {
  const lines: string[] = [];
  const times = Array.from({ length: 121 }, (_, index) => ({ at: endSeconds - 3600 + index * 30, minute: index / 2 }));
  const own = Object.entries<Metric>(METRICS).map(
    ([name, metric]) => [name, familyName(name, metric), metric] as const,
  );
  for (const [name, family, metric] of [...own, ...GEN_AI.map(([each, metric]) => [each, each, metric] as const)]) {
    for (const labels of combinations(metric)) {
      const write = (suffix: string, more: Labels, value: (minute: number) => number): void => {
        const series = `${family}${suffix}{${render({ job: 'app', instance: 'a', ...labels, ...more })}}`;
        for (const { at, minute } of times) lines.push(`${series} ${value(minute)} ${at}`);
      };
      if (metric.instrument === 'gauge') write('', {}, (minute) => gauge(name, labels, minute));
      else if (metric.instrument === 'counter') write('', {}, (minute) => minute * 60);
      else {
        for (const [le, share] of [
          ['1', 0.5],
          ['10', 0.9],
          ['+Inf', 1],
        ] as const) {
          write('_bucket', { le }, (minute) => minute * 60 * share);
        }
        write('_count', {}, (minute) => minute * 60);
        write('_sum', {}, (minute) => minute * 120);
      }
    }
  }
  for (const series of ['up{job="app",instance="a"}', ...extra]) {
    for (const { at } of times) lines.push(`${series} 1 ${at}`);
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

function combinations(metric: Metric): Labels[] {
  return metric.attributes.reduce<Labels[]>(
    (all, attribute) => {
      const values = VALUES[attribute];
      if (!values) throw new Error(`Expected values for ${attribute}`);
      return all.flatMap((labels) => values.map((value) => ({ ...labels, [attribute.replaceAll('.', '_')]: value })));
    },
    [{}],
  );
}

function render(labels: Labels): string {
  return Object.entries(labels)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(',');
}
