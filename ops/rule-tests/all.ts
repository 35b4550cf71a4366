import { ANSWER_TESTS } from './answers.ts';
import { BATCH_TESTS } from './batches.ts';
import { BELOW_LIMIT_TESTS } from './below-limit.ts';
import { CIRCUIT_TESTS } from './circuit.ts';
import { DRAIN_TESTS } from './drain.ts';
import { FAILING_TESTS } from './failing.ts';
import { FLEET_TESTS } from './fleet.ts';
import { HABIT_TESTS } from './habits.ts';
import { LIMIT_TESTS } from './limits.ts';
import { PRESENCE_TESTS } from './presence.ts';
import { PROVIDER_TESTS } from './provider.ts';
import { QUEUE_TESTS } from './queue.ts';
import { RETRY_TESTS } from './retries.ts';
import type { RuleTestFile } from './rule-test.ts';
import { SLO_TESTS } from './slo.ts';
import { TELEMETRY_TESTS } from './telemetry.ts';
import { TIER_TESTS } from './tier.ts';

/** Each becomes one promtool file. */
export const RULE_TESTS: readonly RuleTestFile[] = [
  RETRY_TESTS,
  TIER_TESTS,
  LIMIT_TESTS,
  PROVIDER_TESTS,
  CIRCUIT_TESTS,
  QUEUE_TESTS,
  BELOW_LIMIT_TESTS,
  SLO_TESTS,
  TELEMETRY_TESTS,
  FAILING_TESTS,
  DRAIN_TESTS,
  PRESENCE_TESTS,
  FLEET_TESTS,
  HABIT_TESTS,
  ANSWER_TESTS,
  BATCH_TESTS,
];
