import type { DashboardSpec } from './dashboard.ts';
import type { DashboardContext } from './queries.ts';
import { answersRow } from './rows/answers.ts';
import { batchRow } from './rows/batches.ts';
import { fleetRow } from './rows/fleet.ts';
import { spendingRow } from './rows/spending.ts';

/** Everything besides limits: cost, answers, batches, and shared limits. */
export function workDashboard(context: DashboardContext): DashboardSpec {
  return {
    uid: 'tidegate-work',
    title: 'Tidegate / Cost, answers, batches and fleet',
    description:
      'What do calls cost, are their answers whole and in time, do batches get on, and do processes share their limits?',
    from: 'now-24h',
    rows: [spendingRow(context), answersRow(context), batchRow(context), fleetRow(context)],
  };
}
