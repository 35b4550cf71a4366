import type { Priority } from '../../core/events.ts';
import type { Waiting } from '../../core/snapshot.ts';

/** Counts waiters by priority and tenant, to show how urgent a queue is and whether one tenant causes it. */
export class WaitingTally {
  #urgent = 0;
  readonly #tenants = new Map<string, number>();

  add(priority: Priority, tenant: string | undefined, calls: number): void {
    if (priority !== 'batch') this.#urgent += calls;
    if (tenant !== undefined) this.#tenants.set(tenant, (this.#tenants.get(tenant) ?? 0) + calls);
  }

  /** `all` includes waiters without a tenant. */
  result(all: number): Waiting {
    let busiest: string | undefined;
    let most = 0;
    for (const [tenant, calls] of this.#tenants) if (calls > most) [busiest, most] = [tenant, calls];
    return { urgent: this.#urgent, busiestTenant: busiest, busiestShare: all > 0 ? most / all : 0 };
  }
}
