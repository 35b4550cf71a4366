import type { Clock } from '../../core/clock.ts';
import { fetchText } from '../../console/fetch-text.ts';
import { usedShare } from '../../console/process-source.ts';
import { type LaneReading, type Reading, type Source, Tally } from '../../console/reading.ts';
import type { BatchState, FleetState, LimitState } from '../../console/state.ts';
import { shownUrl } from '../shown-url.ts';
import { parseMetrics, type Sample } from '../top/metrics-text.ts';

/** The metrics page of a running application. */
export function metricsSource(url: string, clock: Clock): Source {
  return {
    name: shownUrl(url),
    kind: 'metrics',
    look: async () => readMetrics(await fetchText(url, clock)),
    hits: () => [],
    close: () => undefined,
  };
}

type Growing<T> = { -readonly [K in keyof T]: T[K] };

interface GrowingLane extends Growing<Omit<LaneReading, 'fleet'>> {
  readonly byDimension: Map<string, Growing<LimitState>>;
  fleet?: Growing<FleetState> & { readonly dimensions: { dimension: string; leased: number }[] };
}

/** @throws Error if the page has no metrics of tidegate */
export function readMetrics(text: string): Reading {
  const samples = parseMetrics(text, (name) => name.startsWith('tidegate_'));
  if (samples.length === 0) throw new Error('it has no series of tidegate');
  const lanes = new Map<string, GrowingLane>();
  for (const sample of samples) readGauge(lanes, sample);
  for (const { fleet } of lanes.values()) if (fleet) fleet.mode = modeOf(samples);
  const tally = new Tally();
  for (const sample of samples) readCounter(tally, sample, lanes);
  return {
    lanes: Array.from(lanes.values(), ({ byDimension, ...lane }) => ({
      ...lane,
      limits: Array.from(byDimension.values(), (limit) => ({
        ...limit,
        used: usedShare(limit.limit, limit.remaining, limit.used),
      })),
    })),
    counters: tally.counters(),
    batches: batchesOf(samples),
  };
}

function readGauge(lanes: Map<string, GrowingLane>, { name, labels, value }: Sample): void {
  const provider = labels['gen_ai_provider_name'] ?? '';
  const label = labels['tidegate_bulkhead'] ?? labels['tidegate_circuit'];
  const lane = (): GrowingLane =>
    laneOf(lanes, provider, label?.slice(label.indexOf('/') + 1) ?? labels['gen_ai_request_model'] ?? '');
  const limit = (): Growing<LimitState> => limitOf(lane(), labels['tidegate_limit_dimension'] ?? '');
  switch (name) {
    case 'tidegate_bulkhead_active':
      return void (lane().inFlight = value);
    case 'tidegate_bulkhead_capacity':
      return void (lane().maxConcurrent = value);
    case 'tidegate_bulkhead_queued':
      return void (lane().queued = value);
    case 'tidegate_bulkhead_queue_capacity':
      return void (lane().maxQueued = value);
    case 'tidegate_queue_oldest_wait_seconds':
      return void (lane().oldestWaitMs = value * 1000);
    case 'tidegate_queue_paused_seconds':
      return void (lane().pausedForMs = value * 1000);
    case 'tidegate_queue_tenant_share_ratio':
      return void (lane().busiestShare = value);
    case 'tidegate_circuit_state':
    case 'tidegate_circuit_state_ratio':
      if (value === 1) lane().circuit = labels['tidegate_circuit_state'] ?? '';
      return undefined;
    case 'tidegate_ratelimit_limit':
      return void (limit().limit = value);
    case 'tidegate_ratelimit_remaining':
      return void (limit().remaining = value);
    // OpenTelemetry's collector appends the unit to names.
    case 'tidegate_ratelimit_reset':
    case 'tidegate_ratelimit_reset_seconds':
      return void (limit().resetMs = value * 1000);
    case 'tidegate_limit_utilization_ratio':
      return void (limit().used = value);
    case 'tidegate_fleet_processes':
      return void (fleetOf(lane()).processes = value);
    case 'tidegate_fleet_leased':
      fleetOf(lane()).dimensions.push({ dimension: labels['tidegate_limit_dimension'] ?? '', leased: value });
      return undefined;
    case 'tidegate_pacer_rate':
    case 'tidegate_pacer_rate_per_second':
      return void (limit().ratePerSecond = value);
    default:
      return undefined;
  }
}

function readCounter(tally: Tally, { name, labels, value }: Sample, lanes: ReadonlyMap<string, LaneReading>): void {
  const label = laneLabel(labels['gen_ai_provider_name'] ?? '', labels['gen_ai_request_model'] ?? '', lanes);
  switch (name) {
    case 'tidegate_calls_total':
      return tally.add('calls', label, '', value);
    case 'tidegate_tokens_total':
      // The other kinds are parts of these.
      if (!/^(?:input|output)$/.test(labels['tidegate_token_kind'] ?? '')) return undefined;
      return tally.add('tokens', label, '', value);
    case 'tidegate_cost_total':
      return tally.add('usd', label, '', value);
    case 'tidegate_retries_total':
      return tally.add('retries', label, labels['tidegate_retry_reason'] ?? '', value);
    case 'tidegate_ratelimit_rejections_total':
      return tally.add('refused', label, labels['tidegate_limit_dimension'] ?? '', value);
    default:
      return undefined;
  }
}

/** Calls are counted by model, lanes are pools of models: `gpt-4o-2024-08-06` is one of `gpt-4o`. */
function laneLabel(provider: string, model: string, lanes: ReadonlyMap<string, LaneReading>): string {
  const exact = `${provider}/${model}`;
  if (lanes.has(exact)) return exact;
  let best = exact;
  let length = 0;
  for (const { label, group } of lanes.values()) {
    if (!label.startsWith(`${provider}/`) || !model.startsWith(`${group}-`) || group.length <= length) continue;
    best = label;
    length = group.length;
  }
  return best;
}

function laneOf(lanes: Map<string, GrowingLane>, provider: string, group: string): GrowingLane {
  const label = `${provider}/${group}`;
  let lane = lanes.get(label);
  if (!lane) {
    lane = {
      label,
      provider,
      group,
      limits: [],
      inFlight: 0,
      queued: 0,
      oldestWaitMs: 0,
      pausedForMs: 0,
      circuit: '',
      busiestShare: 0,
      byDimension: new Map(),
    };
    lanes.set(label, lane);
  }
  return lane;
}

function fleetOf(lane: GrowingLane): NonNullable<GrowingLane['fleet']> {
  return (lane.fleet ??= { mode: '', processes: 1, dimensions: [] });
}

/** How the lanes share limits; metrics do not say which lane. */
function modeOf(samples: readonly Sample[]): string {
  const modes = samples
    .filter(({ name, value }) => name === 'tidegate_fleet_lanes' && value > 0)
    .map(({ labels }) => labels['tidegate_fleet_mode'] ?? '');
  return [...new Set(modes)].sort().join(' and ');
}

/** Metrics have only sums over batches. */
function batchesOf(samples: readonly Sample[]): BatchState[] {
  const sumOf = (name: string, state?: string): number =>
    samples
      .filter(
        (sample) => sample.name === name && (state === undefined || sample.labels['tidegate_batch_state'] === state),
      )
      .reduce((sum, { value }) => sum + value, 0);
  const runs = sumOf('tidegate_batch_runs');
  if (runs === 0) return [];
  const failed = sumOf('tidegate_batch_items', 'failed');
  const eta = sumOf('tidegate_batch_eta_seconds');
  return [
    {
      name: runs === 1 ? 'One batch' : `${runs} batches`,
      done: sumOf('tidegate_batch_items', 'answered') + failed,
      total: sumOf('tidegate_batch_items'),
      failed,
      inFlight: sumOf('tidegate_batch_items', 'in_flight'),
      secondsLeft: eta > 0 ? eta : undefined,
    },
  ];
}

function limitOf({ byDimension }: GrowingLane, dimension: string): Growing<LimitState> {
  let limit = byDimension.get(dimension);
  if (!limit) byDimension.set(dimension, (limit = { dimension, limit: 0, beliefs: [] }));
  return limit;
}
