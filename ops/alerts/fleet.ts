import { type Alert, BY_JOB, JOB, lookupOf, type RuleContext } from '../alert.ts';
import { choice, duration, largest, share } from '../number-templates.ts';

/** The fault of the store, by `tidegate_fleet_fault`. */
const CAUSES = {
  connection: 'it cannot be reached',
  timeout: 'it does not answer in time',
  auth: 'it refuses the password',
  permission: 'its ACL forbids a command',
  read_only: 'it is read-only',
  out_of_memory: 'it is out of memory',
  loading: 'it is loading its data',
  cluster_down: 'its cluster has no master for the slot',
  unsupported: 'it does not support the commands',
} as const;

/** What to do about it. */
const REMEDIES = {
  connection: 'check that it is running, and the network and TLS',
  timeout: 'check its load, slow commands and the network',
  auth: 'give the client the right password',
  permission: 'allow the commands that docs/shared-limits.md lists',
  read_only: 'connect the client to the master, or wait for the failover to end',
  out_of_memory: 'raise maxmemory or free some; lanes take a few kilobytes',
  loading: 'wait until it has loaded its data',
  cluster_down: 'check the cluster',
  unsupported: 'use Redis 6.2 or Valkey, with scripts allowed',
} as const;

const OTHER = 'check the errors of its client';

/** The store of shared limits, and what a fleet does without it. */
export function fleetAlerts({ series, thresholds }: RuleContext): Alert[] {
  const { aloneShare, storeSeconds, exchanges } = thresholds.fleet;
  const lanes = (by: string, matchers = ''): string =>
    `sum by (${by}) (avg_over_time(${series('tidegate.fleet.lanes', matchers)}[2m]))`;
  const alone = (by: string): string =>
    `${lanes(by, 'tidegate_fleet_mode="alone"')} / (${lanes(by)} > 0) > ${aloneShare}`;
  const exchange = (part: 'bucket' | 'count'): string => series('tidegate.fleet.exchange_seconds', '', part);
  return [
    {
      name: 'TidegateFleetStoreDown',
      expr: alone(BY_JOB),
      for: '1m',
      keepFiringFor: '2m',
      severity: 'warning',
      summary: 'The store of shared LLM limits cannot be used.',
      description: `${whyNot(series)}${JOB} has lost its store of shared limits {{ if $fault }}because ${choice('$fault', CAUSES)}{{ else }}for a reason that no exchange names{{ end }}: ${share()} of its lanes continue alone, each process with its share of the last known fleet. Calls continue, and no limit is exceeded; idle processes leave their share unused, and new ones assume redisStore's option processes. Fix the store: ${choice('$fault', REMEDIES, OTHER)}.`,
    },
    {
      name: 'TidegateFleetProcessAlone',
      expr: `(${alone(`${BY_JOB}, instance`)})\nunless on (${BY_JOB}) (${alone(BY_JOB)})`,
      for: '3m',
      severity: 'warning',
      summary: 'A process has lost the store of shared LLM limits.',
      description: `${whyNot(series, ', instance')}{{ $labels.instance }} (${JOB}) has lost the store of shared limits{{ if $fault }} (${choice('$fault', CAUSES)}){{ end }}, which the others reach: it continues alone with its share of the last known fleet. Check that process and its network first; then ${choice('$fault', REMEDIES, OTHER)}.`,
    },
    {
      name: 'TidegateFleetStoreSlow',
      // More than a minute of it is within the window.
      expr: [
        `(histogram_quantile(0.95, sum by (${BY_JOB}, le) (rate(${exchange('bucket')}[5m]))) > ${storeSeconds})`,
        `and (sum by (${BY_JOB}) (increase(${exchange('count')}[5m])) >= ${exchanges})`,
        `unless (${alone(BY_JOB)})`,
      ].join('\n'),
      for: '6m',
      keepFiringFor: '5m',
      severity: 'warning',
      summary: 'The store of shared LLM limits is slow.',
      description: `${JOB} waits ${duration()} for an answer of its store of shared limits at the 95th percentile (threshold ${storeSeconds * 1_000} ms). No call waits for it, but leases come late and a tier is used less; beyond half a second processes go alone. Look at the store's load and slow commands, and whether it is in the same region.`,
    },
  ];
}

/** Template that sets `$fault` to the most frequent fault; empty if unknown. */
function whyNot(series: RuleContext['series'], more = ''): string {
  const errors = series('tidegate.fleet.exchange_errors', lookupOf(BY_JOB + more).matchers);
  const query = `sum by (tidegate_fleet_fault) (increase(${errors}[5m]))`;
  return largest('$fault', query, BY_JOB + more, 'tidegate_fleet_fault');
}
