import { type Firing, input, type InputSeries, type RuleTest, type RuleTestFile } from './rule-test.ts';

const lanes = (mode: string, values: string, instance = 'a'): InputSeries =>
  input('tidegate.fleet.lanes', { instance, tidegate_fleet_mode: mode }, values);
const errors = (fault: string, values: string, instance = 'a'): InputSeries =>
  input('tidegate.fleet.exchange_errors', { instance, tidegate_fleet_fault: fault }, values);

const WITHOUT =
  "Calls continue, and no limit is exceeded; idle processes leave their share unused, and new ones assume redisStore's option processes. Fix the store:";

const down = (fault: string, advice: string): Firing => ({
  labels: { severity: 'warning', job: 'app' },
  summary: 'The store of shared LLM limits cannot be used.',
  description: `app has lost its store of shared limits ${fault === '' ? 'for a reason that no exchange names' : `because ${fault}`}: 100% of its lanes continue alone, each process with its share of the last known fleet. ${WITHOUT} ${advice}.`,
});

const UNREACHED = 'check that it is running, and the network and TLS';

const DOWN: RuleTest[] = [
  {
    alert: 'TidegateFleetStoreDown',
    does: 'fires for a store that has gone, names what is wrong with it, and resolves',
    input: [
      lanes('shared', '2x20 0x20 2x60'),
      lanes('alone', '0x20 2x20 0x60'),
      lanes('joining', '0x100'),
      errors('connection', '0x20 2+2x20 42x60'),
      errors('timeout', '0x100'),
    ],
    checks: [
      { at: '10m', situation: 'quiet', firing: [] },
      { at: '14m', situation: 'fires', firing: [down('it cannot be reached', UNREACHED)] },
      { at: '30m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateFleetStoreDown',
    does: 'tells a wrong password and a full store apart from one that is away',
    input: [
      lanes('shared', '0x40'),
      lanes('alone', '2x40'),
      errors('auth', '0+2x40'),
      errors('connection', '0+1x10 10x30'),
    ],
    checks: [
      {
        at: '10m',
        situation: 'fires',
        firing: [down('it refuses the password', 'give the client the right password')],
      },
    ],
  },
  {
    alert: 'TidegateFleetStoreDown',
    does: 'stays quiet for one process of four, for a restart of a minute, and for lanes that have just begun',
    input: [
      lanes('shared', '2x60', 'b'),
      lanes('shared', '2x60', 'c'),
      lanes('shared', '2x20 0x2 2x38', 'd'),
      lanes('alone', '0x20 2x2 0x38', 'd'),
      lanes('alone', '2x60'),
      lanes('joining', '2x60', 'e'),
    ],
    checks: [{ at: '11m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateFleetStoreDown',
    does: 'fires for a process that has never found its store',
    input: [lanes('shared', '_x10 0x40'), lanes('alone', '_x10 2x40'), errors('connection', '_x10 3+1x40')],
    checks: [{ at: '8m', situation: 'first-event', firing: [down('it cannot be reached', UNREACHED)] }],
  },
];

const alone = (fault: string, advice: string): Firing => ({
  labels: { severity: 'warning', job: 'app', instance: 'a' },
  summary: 'A process has lost the store of shared LLM limits.',
  description: `a (app) has lost the store of shared limits${fault}, which the others reach: it continues alone with its share of the last known fleet. Check that process and its network first; then ${advice}.`,
});

const SLOWLY = 'check its load, slow commands and the network';

const OTHERS = ['b', 'c', 'd'].map((instance) => lanes('shared', '2x100', instance));

const ALONE: RuleTest[] = [
  {
    alert: 'TidegateFleetProcessAlone',
    does: 'fires for the one process that has lost the store, and resolves',
    input: [
      ...OTHERS,
      lanes('shared', '2x20 0x20 2x60'),
      lanes('alone', '0x20 2x20 0x60'),
      errors('timeout', '0x20 1+1x20 21x60'),
    ],
    checks: [
      { at: '12m', situation: 'quiet', firing: [] },
      { at: '17m', situation: 'fires', firing: [alone(' (it does not answer in time)', SLOWLY)] },
      { at: '30m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateFleetProcessAlone',
    does: 'leaves a store that all have lost to its own alert',
    input: [lanes('alone', '2x60'), lanes('alone', '2x60', 'b'), lanes('shared', '0x60'), lanes('shared', '0x60', 'b')],
    checks: [{ at: '20m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateFleetProcessAlone',
    does: 'fires for a new process that cannot reach it, with no word of why where nothing is counted',
    input: [...OTHERS, lanes('alone', '_x20 2x60'), lanes('shared', '_x20 0x60')],
    checks: [{ at: '16m', situation: 'first-event', firing: [alone('', 'check the errors of its client')] }],
  },
];

const BUCKETS = ['0.01', '0.05', '0.1', '0.25', '+Inf'] as const;

/** Cumulative exchanges below each bound. */
function exchanges(below: readonly string[]): InputSeries[] {
  return [
    ...BUCKETS.map((le, index) => input('tidegate.fleet.exchange_seconds', { le }, below[index]!, 'bucket')),
    input('tidegate.fleet.exchange_seconds', {}, below.at(-1)!, 'count'),
  ];
}

const slow: Firing = {
  labels: { severity: 'warning', job: 'app' },
  summary: 'The store of shared LLM limits is slow.',
  description:
    "app waits 98 ms for an answer of its store of shared limits at the 95th percentile (threshold 50 ms). No call waits for it, but leases come late and a tier is used less; beyond half a second processes go alone. Look at the store's load and slow commands, and whether it is in the same region.",
};

/** 20 per sample, all between 50 and 100 ms while it is slow. */
const SLOW = ['0x40 20+20x60', '0x40 20+20x60', '0+20x40 820+20x60', '0+20x40 820+20x60', '0+20x40 820+20x60'];
const FAST = BUCKETS.map(() => '0+20x60');

const STORE_SLOW: RuleTest[] = [
  {
    alert: 'TidegateFleetStoreSlow',
    does: 'fires for a store that takes longer than it should, and resolves',
    input: [lanes('shared', '2x100'), ...exchanges(SLOW)],
    checks: [
      { at: '2m', situation: 'quiet', firing: [] },
      { at: '9m', situation: 'fires', firing: [slow] },
      { at: '45m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateFleetStoreSlow',
    does: 'stays quiet for a store that is fast',
    input: [lanes('shared', '2x60'), ...exchanges(FAST)],
    checks: [{ at: '20m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateFleetStoreSlow',
    does: 'stays quiet for the few exchanges of a process that has just begun',
    input: [
      lanes('shared', '_x10 2x60'),
      ...exchanges(BUCKETS.map((_, index) => (index < 2 ? '_x10 0x60' : '_x10 0+1x10 10x50'))),
    ],
    checks: [{ at: '12m', situation: 'first-event', firing: [] }],
  },
];

export const FLEET_TESTS: RuleTestFile = {
  name: 'fleet',
  evaluationInterval: '30s',
  alerts: ['TidegateFleetStoreDown', 'TidegateFleetProcessAlone', 'TidegateFleetStoreSlow'],
  tests: [...DOWN, ...ALONE, ...STORE_SLOW],
};
