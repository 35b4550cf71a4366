import { lowerBound } from '../sim/lower-bound.ts';
import type { Scenario as VirtualScenario } from '../sim/run-scenario.ts';
import type { ProviderSetup } from '../sim/sim-provider.ts';
import type { Job as VirtualJob } from '../sim/workload.ts';
import type { Job } from './jobs.ts';
import type { Scenario } from './http-scenarios.ts';

/** Round trip on loopback, through two HTTP stacks. */
const ONE_WAY_MS = 1;

/** The scenario for the virtual clock. @throws Error for what the virtual provider does not support */
export function toVirtual(scenario: Scenario, jobs: readonly Job[]): VirtualScenario {
  const { name, processes, target } = scenario;
  return {
    name,
    target,
    setup: setupOf(scenario),
    jobs: () => jobs.map(jobOf),
    ...(processes === undefined ? {} : { processes }),
  };
}

/** The lower bound in milliseconds. */
export function lowerBoundMs(scenario: Scenario, jobs: readonly Job[]): number {
  return lowerBound(setupOf(scenario), jobs.map(jobOf)).doneMs;
}

function setupOf({ name, simulator, faults = {} }: Scenario): ProviderSetup {
  const { provider, limits, bucketSeconds, initialFill, latency, retryHeader } = simulator;
  const { tierChange, neighbour, outage, headers, rates } = faults;
  if (!limits || typeof bucketSeconds === 'object')
    throw new Error(`Expected limits with buckets of one size in ${name}`);
  return {
    provider,
    limits,
    latency: { oneWayMs: ONE_WAY_MS, baseMs: 0, perTokenMs: 0, jitter: 0, ...latency },
    ...(bucketSeconds === undefined ? {} : { bucketSeconds }),
    ...(initialFill === undefined ? {} : { fill: initialFill }),
    ...(retryHeader === undefined ? {} : { retryHeader }),
    ...(headers === 'missing' ? { headers: 'none' } : headers === 'success_only' ? { headers: 'success' } : {}),
    ...(neighbour ? { neighbour: neighbour.share } : {}),
    ...(tierChange ? { changes: [{ atMs: tierChange.atMs ?? 0, limits: tierChange.limits ?? limits }] } : {}),
    ...(outage ? { outage: { fromMs: outage.fromMs ?? 0, untilMs: outage.untilMs ?? Infinity } } : {}),
    ...(rates ? { faults: Object.values(rates).reduce((sum, rate) => sum + rate, 0) } : {}),
  };
}

function jobOf({ arriveMs, interactive, text, maxOutputTokens, cost, usage }: Job): VirtualJob {
  return {
    arriveMs,
    priority: interactive ? 'interactive' : 'batch',
    inputTokens: usage.inputTokens,
    arrivalTokens: cost.inputTokens,
    inputBytes: Buffer.byteLength(text),
    maxOutputTokens,
    outputTokens: usage.outputTokens,
    stream: false,
  };
}
