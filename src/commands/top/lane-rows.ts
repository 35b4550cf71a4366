import type { Sample } from './metrics-text.ts';

/** A lane on a metrics page: a provider and a model, or a pool of models. */
export interface LaneRow {
  readonly provider: string;
  readonly model: string;
  readonly callsPerSecond: number;
  readonly tokensPerSecond: number;
  readonly retriesPerSecond: number;
  readonly refusalsPerSecond: number;
  readonly inFlight: number;
  readonly queued: number;
  readonly oldestWaitSeconds: number;
  /** Of the limit used most; undefined if none is counted. */
  readonly utilization: number | undefined;
  readonly binds: string | undefined;
  readonly circuit: string;
  /** USD per hour; undefined if the page has no costs. */
  readonly usdPerHour: number | undefined;
  /** Processes that share the limits; undefined if they are not shared. */
  readonly fleet: number | undefined;
}

/** A page and the time of its reading. */
export interface Look {
  readonly atMs: number;
  readonly samples: readonly Sample[];
}

export const isShown = (name: string): boolean => name.startsWith('tidegate_');

type Growing = { -readonly [K in keyof LaneRow]: LaneRow[K] };

/** Counters, and the rates that are computed from them. */
const COUNTERS = {
  tidegate_calls_total: 'callsPerSecond',
  tidegate_retries_total: 'retriesPerSecond',
  tidegate_ratelimit_rejections_total: 'refusalsPerSecond',
} as const;

/** Rates between two readings, and the state at the second one. */
export function laneRows(before: Look | undefined, now: Look): LaneRow[] {
  const seconds = before ? Math.max(0.001, (now.atMs - before.atMs) / 1000) : 0;
  const old = new Map(before?.samples.map((sample) => [keyOf(sample), sample.value]));
  const rows = new Map<string, Growing>();
  const row = (labels: Sample['labels'], model: string | undefined): Growing => {
    const provider = labels['gen_ai_provider_name'] ?? '';
    const key = `${provider}\n${model ?? ''}`;
    let found = rows.get(key);
    if (!found) rows.set(key, (found = emptyRow(provider, model ?? '')));
    return found;
  };
  for (const sample of now.samples) {
    const { name, labels, value } = sample;
    const model = labels['gen_ai_request_model'];
    // A counter that has fallen belongs to a process that was restarted.
    const previous = old.get(keyOf(sample)) ?? 0;
    const rate = seconds === 0 ? 0 : (value >= previous ? value - previous : value) / seconds;
    if (Object.hasOwn(COUNTERS, name)) row(labels, model)[COUNTERS[name as keyof typeof COUNTERS]] += rate;
    switch (name) {
      case 'tidegate_tokens_total':
        if (/^(?:input|output)$/.test(labels['tidegate_token_kind'] ?? '')) row(labels, model).tokensPerSecond += rate;
        break;
      case 'tidegate_cost_total': {
        const of = row(labels, model);
        of.usdPerHour = (of.usdPerHour ?? 0) + rate * 3600;
        break;
      }
      case 'tidegate_fleet_processes': {
        const of = row(labels, model);
        of.fleet = Math.max(of.fleet ?? 0, value);
        break;
      }
      case 'tidegate_limit_utilization_ratio': {
        const of = row(labels, model);
        if (of.utilization !== undefined && of.utilization >= value) break;
        of.utilization = value;
        of.binds = labels['tidegate_limit_dimension'];
        break;
      }
      case 'tidegate_queue_oldest_wait_seconds': {
        const of = row(labels, model ?? groupOf(labels['tidegate_bulkhead']));
        of.oldestWaitSeconds = Math.max(of.oldestWaitSeconds, value);
        break;
      }
      case 'tidegate_bulkhead_active':
        row(labels, groupOf(labels['tidegate_bulkhead'])).inFlight += value;
        break;
      case 'tidegate_bulkhead_queued':
        row(labels, groupOf(labels['tidegate_bulkhead'])).queued += value;
        break;
      case 'tidegate_circuit_state':
        if (value === 1)
          row(labels, groupOf(labels['tidegate_circuit'])).circuit = labels['tidegate_circuit_state'] ?? '';
    }
  }
  return [...rows.values()];
}

/** A lane's label is `provider/group`. */
const groupOf = (label: string | undefined): string | undefined => label?.slice(label.indexOf('/') + 1);

const keyOf = ({ name, labels }: Sample): string => `${name}${JSON.stringify(labels)}`;

function emptyRow(provider: string, model: string): Growing {
  return {
    provider,
    model,
    callsPerSecond: 0,
    tokensPerSecond: 0,
    retriesPerSecond: 0,
    refusalsPerSecond: 0,
    inFlight: 0,
    queued: 0,
    oldestWaitSeconds: 0,
    utilization: undefined,
    binds: undefined,
    circuit: '',
    usdPerHour: undefined,
    fleet: undefined,
  };
}
