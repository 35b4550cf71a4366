import { type Fault, fault, FAULT_AT, LANE } from './fault.ts';
import type { ServiceSpec } from './service.ts';
import type { Signals } from './signals.ts';
import { HOUR } from './week.ts';

const using = (uses: NonNullable<ServiceSpec['lane']['uses']>): Partial<ServiceSpec> => ({ lane: { ...LANE, uses } });
const telling = (signals: Partial<Signals>) => () => ({ signals });
/** Alerts that compare with the day before need one. */
const ADAY = { from: FAULT_AT - 26 * HOUR, processes: 1 };

/** Faults in cost, answers, tiers, batches, and the store of shared limits: calls succeed, but something is wrong. */
export const SIGNAL_FAULTS: readonly Fault[] = [
  fault({
    id: 'cost-spike',
    what: 'an agent in a loop: prompts forty times as long as before',
    expected: ['TidegateCostSpike'],
    severity: 'warning',
    during: telling({ inputTokens: 80_000 }),
    service: { ...using({ prices: true }), ...ADAY },
  }),
  fault({
    id: 'cost-creeps',
    what: 'answers that cost nine times as much as before',
    expected: ['TidegateCostSpike'],
    severity: 'warning',
    during: telling({ usd: 11.25 }),
    // Less than ten times the mean hour takes an hour to detect.
    withinMinutes: 40,
    service: { ...using({ prices: true }), ...ADAY },
  }),
  fault({
    id: 'unpriced',
    what: 'a release that uses a model without a known price',
    expected: ['TidegateModelUnpriced'],
    severity: 'warning',
    during: telling({ usd: undefined }),
    service: using({ prices: true }),
  }),
  fault({
    id: 'answers-cut',
    what: 'a release after which most answers are cut at their maximum length',
    expected: ['TidegateAnswersCut'],
    severity: 'warning',
    during: telling({ cut: { length: 0.7 } }),
  }),
  fault({
    id: 'refusals',
    what: 'a model that refuses four of five questions',
    expected: ['TidegateAnswersCut'],
    severity: 'warning',
    during: telling({ cut: { refusal: 0.8 } }),
    service: ADAY,
  }),
  fault({
    id: 'cache-lost',
    what: 'a release that puts the date before each prompt: nothing is read from the cache',
    expected: ['TidegateCacheShareFell'],
    severity: 'warning',
    during: telling({ cached: 0 }),
    service: { ...using({ prices: true }), ...ADAY },
  }),
  fault({
    id: 'first-chunk',
    what: 'streams begin after 20 s',
    expected: ['TidegateFirstChunkSlow'],
    severity: 'warning',
    during: () => ({ latency: 30, signals: { firstChunk: 20 } }),
  }),
  fault({
    id: 'downgraded',
    what: 'calls that request the priority tier are answered by the standard tier',
    expected: ['TidegateTierDowngraded'],
    severity: 'warning',
    during: telling({ downgraded: 0.9 }),
    service: using({ tier: 'priority' }),
  }),
  fault({
    id: 'no-capacity',
    what: 'the flex tier has no capacity for a third of the attempts',
    expected: ['TidegateNoCapacity'],
    severity: 'info',
    during: telling({ noCapacity: 0.3 }),
    service: using({ tier: 'flex' }),
  }),
  fault({
    id: 'second-layer',
    what: 'a framework repeats one of ten calls',
    expected: ['TidegateSecondRetryLayer'],
    severity: 'warning',
    during: telling({ repeated: 0.1 }),
  }),
  fault({
    id: 'unguarded',
    what: 'requests to the provider bypass the guard',
    expected: ['TidegateUnguardedRequests'],
    severity: 'warning',
    during: telling({ unguarded: 0.27 }),
  }),
  fault({
    id: 'tenant-floods',
    what: 'one of many tenants sends four times what all sent before',
    expected: ['TidegateQueueSlow'],
    severity: 'warning',
    during: () => ({ arrivals: 8, signals: { busiestTenant: 0.95 } }),
    service: using({ tenants: true }),
  }),
  fault({
    id: 'tenant-named',
    what: 'the same, with the alert that names the tenant',
    expected: ['TidegateTenantFloods'],
    severity: 'info',
    during: () => ({ arrivals: 8, signals: { busiestTenant: 0.95 } }),
    service: using({ tenants: true }),
  }),
  fault({
    id: 'store-gone',
    what: 'the store of shared limits cannot be reached',
    expected: ['TidegateFleetStoreDown'],
    severity: 'warning',
    during: telling({ store: 'gone' }),
    service: using({ fleet: true }),
  }),
  fault({
    id: 'process-alone',
    what: 'one process of three cannot reach the store of shared limits',
    expected: ['TidegateFleetProcessAlone'],
    severity: 'warning',
    during: (_, process) => (process === 1 ? { signals: { store: 'gone' } } : {}),
    service: using({ fleet: true }),
  }),
  fault({
    id: 'store-slow',
    what: 'the store of shared limits takes 120 ms to answer',
    expected: ['TidegateFleetStoreSlow'],
    severity: 'warning',
    during: telling({ store: 'slow' }),
    service: using({ fleet: true }),
  }),
  fault({
    id: 'batch-stuck',
    what: 'a batch whose results are not read',
    expected: ['TidegateBatchStalled'],
    severity: 'warning',
    during: telling({ stuck: true }),
    service: { lane: { ...LANE, priority: 'batch', uses: { batch: true } }, processes: 1 },
  }),
];
