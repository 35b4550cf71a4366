import type { Attributes } from '@opentelemetry/api';
import type { CircuitState } from '../core/event-values.ts';
import type { DimensionSnapshot, LaneSnapshot } from '../core/snapshot.ts';
import { BUCKET_DIMENSIONS, type Dimension, LIMIT_KINDS } from '../core/dimensions.ts';
import type { RunCounts } from '../core/live-runs.ts';
import { isOneOf } from './contract/closed-set.ts';
import { DIMENSIONS } from './contract/closed-sets.ts';
import type { LabelsOf } from './contract/labels-of.ts';
import type { GaugeName } from './contract/metrics.ts';
import { FleetGauges } from './fleet-gauges.ts';
import { type Point, point, Worst } from './gauge-points.ts';
import { ATTR, SDK, VERSION } from './names.ts';
import { RunGauges } from './run-gauges.ts';
import { providerLabels } from './provider-labels.ts';

/** Lanes of one guard, with the guard's labels and attributes. */
export interface LaneSource {
  lanes(): readonly LaneSnapshot[];
  /** Running batches. */
  readonly runs: Iterable<() => RunCounts | undefined>;
  readonly attributes: Attributes;
  modelLabel(group: string): string;
  bulkheadLabel(lane: string): string;
  circuitLabel(lane: string): string;
}

/** Dimensions whose admitted rate is worth a series. */
const RATED: ReadonlySet<Dimension> = new Set(BUCKET_DIMENSIONS.filter((each) => !LIMIT_KINDS[each].perDay));

/** Higher is worse; two lanes under one label show the worse one. */
const SEVERITY: Readonly<Record<CircuitState, number>> = { closed: 0, half_open: 1, open: 2 };

/** Labels of a circuit, to which its state is added. */
type CircuitLabels = Omit<LabelsOf<'tidegate.circuit.state'>, typeof ATTR.circuitState>;

const worst = <N extends GaugeName, T>(): Worst<LabelsOf<N>, T> => new Worst();

/** Gauge values of all lanes now. */
export function gaugePoints(sources: Iterable<LaneSource>, onError: (error: unknown) => void): Point[] {
  const limits = worst<'tidegate.ratelimit.limit', DimensionSnapshot>();
  const rates = worst<'tidegate.pacer.rate_per_second', number>();
  const utilizations = worst<'tidegate.limit.utilization_ratio', number>();
  const ages = worst<'tidegate.ratelimit.observed_age_seconds', number>();
  const bulkheads = worst<'tidegate.bulkhead.active', LaneSnapshot>();
  const circuits = new Worst<CircuitLabels, CircuitState>();
  const fleet = new FleetGauges();
  const batches = new RunGauges();
  const points: Point[] = [];
  for (const source of sources) {
    points.push(
      point('tidegate.build_info', 1, { ...source.attributes, [ATTR.version]: VERSION, [ATTR.sdk]: SDK }, undefined),
    );
    for (const run of runsOf(source, onError)) batches.add(run, source.attributes);
    for (const lane of lanesOf(source, onError)) {
      const provider = providerLabels(source.attributes, lane.provider);
      const model = { ...provider, [ATTR.requestModel]: source.modelLabel(lane.group) };
      fleet.offer(lane, { common: source.attributes, model });
      for (const dimension of lane.dimensions) {
        if (!isOneOf(DIMENSIONS, dimension.dimension)) continue;
        const attributes = { ...model, [ATTR.dimension]: dimension.dimension };
        const { ratePerSecond, observedAgeMs } = dimension;
        const { utilization } = dimension;
        if (isCount(utilization)) utilizations.offer(attributes, utilization, utilization);
        if (isCurrent(dimension)) limits.offer(attributes, dimension, utilisation(dimension));
        if (isCount(ratePerSecond) && RATED.has(dimension.dimension))
          rates.offer(attributes, ratePerSecond, ratePerSecond);
        if (isCount(observedAgeMs)) ages.offer(model, observedAgeMs, -observedAgeMs);
      }
      bulkheads.offer({ ...provider, [ATTR.bulkhead]: source.bulkheadLabel(lane.lane) }, lane, load(lane));
      circuits.offer(
        { ...provider, [ATTR.circuit]: source.circuitLabel(lane.lane) },
        lane.circuit,
        SEVERITY[lane.circuit],
      );
    }
  }
  for (const [attributes, dimension] of limits.entries()) points.push(...limitPoints(dimension, attributes));
  for (const [attributes, share] of utilizations.entries())
    points.push(point('tidegate.limit.utilization_ratio', share, attributes, 0));
  for (const [attributes, rate] of rates.entries())
    points.push(point('tidegate.pacer.rate_per_second', rate, attributes, 0));
  for (const [attributes, age] of ages.entries())
    points.push(point('tidegate.ratelimit.observed_age_seconds', age / 1_000, attributes, undefined));
  for (const [attributes, lane] of bulkheads.entries()) {
    points.push(
      point('tidegate.bulkhead.active', lane.inFlight, attributes, 0),
      point('tidegate.bulkhead.queued', lane.queued, attributes, 0),
      point('tidegate.queue.urgent', lane.waiting.urgent, attributes, 0),
      ...(lane.waiting.busiestShare > 0
        ? [point('tidegate.queue.tenant_share_ratio', lane.waiting.busiestShare, attributes, 0)]
        : []),
      point('tidegate.queue.oldest_wait_seconds', lane.oldestWaitMs / 1_000, attributes, 0),
      point('tidegate.queue.paused_seconds', lane.pausedForMs / 1_000, attributes, 0),
      point('tidegate.bulkhead.capacity', lane.maxConcurrent, attributes, lane.maxConcurrent),
      point('tidegate.bulkhead.queue_capacity', lane.maxQueued, attributes, lane.maxQueued),
    );
  }
  for (const [attributes, current] of circuits.entries()) {
    for (const state of new Set<CircuitState>(['closed', current])) {
      const labelled = { ...attributes, [ATTR.circuitState]: state };
      points.push(point('tidegate.circuit.state', state === current ? 1 : 0, labelled, state === 'closed' ? 1 : 0));
    }
  }
  points.push(...fleet.points(), ...batches.points());
  return points;
}

/**
 * Whether a limit is current. Both numbers must be known, since one without the other gives no
 * utilisation, and neither may be negative (Azure answers -1). A reading from before the last reset is stale:
 * a `remaining` of 0 on an idle process would page for ever.
 */
export function isCurrent(snapshot: DimensionSnapshot): snapshot is DimensionSnapshot & { readonly remaining: number } {
  const { limit, remaining, resetMs, observedAgeMs, windowMs } = snapshot;
  if (!isCount(limit) || !isCount(remaining)) return false;
  if (observedAgeMs === undefined) return true;
  if (resetMs !== undefined && resetMs > 0) return true;
  const resetPassed = resetMs !== undefined && remaining < limit;
  return !resetPassed && observedAgeMs <= windowMs;
}

function limitPoints(snapshot: DimensionSnapshot, attributes: LabelsOf<'tidegate.ratelimit.limit'>): Point[] {
  const { limit, remaining = 0, resetMs } = snapshot;
  const points = [
    point('tidegate.ratelimit.limit', limit, attributes, limit),
    point('tidegate.ratelimit.remaining', remaining, attributes, limit),
  ];
  if (resetMs !== undefined && !Number.isNaN(resetMs) && resetMs < Infinity) {
    points.push(point('tidegate.ratelimit.reset_seconds', Math.max(0, resetMs) / 1_000, attributes, 0));
  }
  return points;
}

function* lanesOf(source: LaneSource, onError: (error: unknown) => void): Iterable<LaneSnapshot> {
  try {
    yield* source.lanes();
  } catch (error) {
    onError(error);
  }
}

function* runsOf({ runs }: LaneSource, onError: (error: unknown) => void): Iterable<RunCounts> {
  for (const read of runs) {
    try {
      const counts = read();
      if (counts) yield counts;
    } catch (error) {
      onError(error);
    }
  }
}

function utilisation({ limit, remaining = 0 }: DimensionSnapshot): number {
  return limit > 0 ? 1 - remaining / limit : 1;
}

/** How near a lane is to refusing a call: the queue counts before the slots. */
function load(lane: LaneSnapshot): number {
  const queue = lane.maxQueued > 0 ? lane.queued / lane.maxQueued : Number(lane.queued > 0);
  return queue * 1_000 + lane.inFlight / lane.maxConcurrent;
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && value >= 0 && value < Infinity;
}
