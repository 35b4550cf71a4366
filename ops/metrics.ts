/** The metrics that rules and dashboards may use: OpenTelemetry name, instrument, unit and attributes. */

export type Instrument = 'counter' | 'gauge' | 'histogram';

export interface Metric {
  readonly instrument: Instrument;
  /** UCUM unit as the instrument declares it. One that OTLP writes into names is part of the name. */
  readonly unit: string;
  /** OpenTelemetry attribute keys. */
  readonly attributes: readonly string[];
}

const CALL = ['gen_ai.provider.name', 'gen_ai.request.model', 'gen_ai.operation.name'] as const;
const LANE = ['gen_ai.provider.name', 'gen_ai.request.model'] as const;
const LIMIT = [...LANE, 'tidegate.limit.dimension'] as const;
const BULKHEAD = ['gen_ai.provider.name', 'tidegate.bulkhead'] as const;
const CIRCUIT = ['gen_ai.provider.name', 'tidegate.circuit', 'tidegate.circuit.state'] as const;

export type MetricName =
  | 'tidegate.calls'
  | 'tidegate.call.errors'
  | 'tidegate.call.duration_seconds'
  | 'tidegate.stream.first_chunk_seconds'
  | 'tidegate.attempts'
  | 'tidegate.attempt.duration_seconds'
  | 'tidegate.retries'
  | 'tidegate.retry.delay_seconds'
  | 'tidegate.wait.duration_seconds'
  | 'tidegate.wait.spent_seconds'
  | 'tidegate.pacer.estimated_tokens'
  | 'tidegate.tokens'
  | 'tidegate.streams'
  | 'tidegate.limit.utilization_ratio'
  | 'tidegate.ratelimit.limit'
  | 'tidegate.ratelimit.remaining'
  | 'tidegate.ratelimit.reset_seconds'
  | 'tidegate.ratelimit.observed_age_seconds'
  | 'tidegate.ratelimit.rejections'
  | 'tidegate.pacer.rate_per_second'
  | 'tidegate.bulkhead.active'
  | 'tidegate.bulkhead.queued'
  | 'tidegate.queue.urgent'
  | 'tidegate.queue.tenant_share_ratio'
  | 'tidegate.queue.oldest_wait_seconds'
  | 'tidegate.bulkhead.capacity'
  | 'tidegate.bulkhead.queue_capacity'
  | 'tidegate.circuit.state'
  | 'tidegate.unguarded.requests'
  | 'tidegate.repeated_calls'
  | 'tidegate.cost'
  | 'tidegate.cost.unpriced_calls'
  | 'tidegate.hits.lost_lines'
  | 'tidegate.circuit.transitions'
  | 'tidegate.build_info'
  | 'tidegate.answers.cut'
  | 'tidegate.tier.answers'
  | 'tidegate.fleet.exchange_seconds'
  | 'tidegate.fleet.exchange_errors'
  | 'tidegate.fleet.lanes'
  | 'tidegate.fleet.processes'
  | 'tidegate.fleet.leased'
  | 'tidegate.fleet.overshoot_bound'
  | 'tidegate.batch.runs'
  | 'tidegate.batch.items'
  | 'tidegate.batch.eta_seconds';

export const METRICS: Readonly<Record<MetricName, Metric>> = {
  'tidegate.calls': { instrument: 'counter', unit: '{call}', attributes: [...CALL, 'tidegate.outcome'] },
  'tidegate.call.errors': { instrument: 'counter', unit: '{call}', attributes: [...CALL, 'error.type'] },
  'tidegate.call.duration_seconds': { instrument: 'histogram', unit: 's', attributes: CALL },
  'tidegate.stream.first_chunk_seconds': { instrument: 'histogram', unit: 's', attributes: CALL },
  'tidegate.attempts': { instrument: 'counter', unit: '{attempt}', attributes: [...CALL, 'http.response.status_code'] },
  'tidegate.attempt.duration_seconds': { instrument: 'histogram', unit: 's', attributes: CALL },
  'tidegate.retries': { instrument: 'counter', unit: '{retry}', attributes: [...CALL, 'tidegate.retry.reason'] },
  'tidegate.retry.delay_seconds': {
    instrument: 'histogram',
    unit: 's',
    attributes: ['gen_ai.provider.name', 'tidegate.delay.source'],
  },
  'tidegate.wait.duration_seconds': {
    instrument: 'histogram',
    unit: 's',
    attributes: [...LANE, 'tidegate.wait.stage', 'tidegate.priority'],
  },
  'tidegate.wait.spent_seconds': {
    instrument: 'counter',
    unit: 's',
    attributes: [...LANE, 'tidegate.priority', 'tidegate.limit.dimension'],
  },
  'tidegate.pacer.estimated_tokens': {
    instrument: 'counter',
    unit: '{token}',
    attributes: [...CALL, 'tidegate.token.kind'],
  },
  'tidegate.tokens': { instrument: 'counter', unit: '{token}', attributes: [...CALL, 'tidegate.token.kind'] },
  'tidegate.streams': { instrument: 'counter', unit: '{stream}', attributes: [...CALL, 'tidegate.stream.outcome'] },
  'tidegate.limit.utilization_ratio': { instrument: 'gauge', unit: '1', attributes: LIMIT },
  'tidegate.ratelimit.limit': { instrument: 'gauge', unit: '{unit}', attributes: LIMIT },
  'tidegate.ratelimit.remaining': { instrument: 'gauge', unit: '{unit}', attributes: LIMIT },
  'tidegate.ratelimit.reset_seconds': { instrument: 'gauge', unit: 's', attributes: LIMIT },
  'tidegate.ratelimit.observed_age_seconds': { instrument: 'gauge', unit: 's', attributes: LANE },
  'tidegate.ratelimit.rejections': {
    instrument: 'counter',
    unit: '{rejection}',
    attributes: [...CALL, 'tidegate.limit.dimension'],
  },
  'tidegate.pacer.rate_per_second': { instrument: 'gauge', unit: '{unit_per_second}', attributes: LIMIT },
  'tidegate.bulkhead.active': { instrument: 'gauge', unit: '{call}', attributes: BULKHEAD },
  'tidegate.bulkhead.queued': { instrument: 'gauge', unit: '{call}', attributes: BULKHEAD },
  'tidegate.queue.urgent': { instrument: 'gauge', unit: '{call}', attributes: BULKHEAD },
  'tidegate.queue.tenant_share_ratio': { instrument: 'gauge', unit: '1', attributes: BULKHEAD },
  'tidegate.queue.oldest_wait_seconds': { instrument: 'gauge', unit: 's', attributes: BULKHEAD },
  'tidegate.bulkhead.capacity': { instrument: 'gauge', unit: '{call}', attributes: BULKHEAD },
  'tidegate.bulkhead.queue_capacity': { instrument: 'gauge', unit: '{call}', attributes: BULKHEAD },
  'tidegate.circuit.state': { instrument: 'gauge', unit: '{circuit}', attributes: CIRCUIT },
  'tidegate.unguarded.requests': {
    instrument: 'counter',
    unit: '{request}',
    attributes: ['gen_ai.provider.name', 'tidegate.unguarded.via'],
  },
  'tidegate.repeated_calls': {
    instrument: 'counter',
    unit: '{call}',
    attributes: [...CALL, 'tidegate.retry.layer'],
  },
  'tidegate.cost': { instrument: 'counter', unit: '{USD}', attributes: [...CALL, 'tidegate.cost.spent_on'] },
  'tidegate.cost.unpriced_calls': { instrument: 'counter', unit: '{call}', attributes: CALL },
  'tidegate.hits.lost_lines': { instrument: 'counter', unit: '{line}', attributes: [] },
  'tidegate.circuit.transitions': { instrument: 'counter', unit: '{transition}', attributes: CIRCUIT },
  'tidegate.build_info': { instrument: 'gauge', unit: '{process}', attributes: ['version', 'sdk'] },
  'tidegate.answers.cut': { instrument: 'counter', unit: '{answer}', attributes: [...CALL, 'tidegate.cut.reason'] },
  'tidegate.tier.answers': {
    instrument: 'counter',
    unit: '{answer}',
    attributes: [...CALL, 'tidegate.tier.asked', 'tidegate.tier.served'],
  },
  'tidegate.fleet.exchange_seconds': { instrument: 'histogram', unit: 's', attributes: [] },
  'tidegate.fleet.exchange_errors': {
    instrument: 'counter',
    unit: '{exchange}',
    attributes: ['tidegate.fleet.fault'],
  },
  'tidegate.fleet.lanes': { instrument: 'gauge', unit: '{lane}', attributes: ['tidegate.fleet.mode'] },
  'tidegate.fleet.processes': { instrument: 'gauge', unit: '{process}', attributes: LANE },
  'tidegate.fleet.leased': { instrument: 'gauge', unit: '{unit}', attributes: LIMIT },
  'tidegate.fleet.overshoot_bound': { instrument: 'gauge', unit: '{unit}', attributes: LIMIT },
  'tidegate.batch.runs': { instrument: 'gauge', unit: '{run}', attributes: [] },
  'tidegate.batch.items': { instrument: 'gauge', unit: '{item}', attributes: ['tidegate.batch.state'] },
  'tidegate.batch.eta_seconds': { instrument: 'gauge', unit: 's', attributes: [] },
};
