import { IndexedHeap } from '../../../src/pacing/queue/indexed-heap.ts';
import type { LimitName } from '../../../src/simulator/limits/limits.ts';
import type { Case, CaseJob } from './case.ts';
import { type Charge, planned } from './charges.ts';
import { EnforcedLimits } from './limits.ts';
import { unavoidableFaults } from './drawn-fault.ts';

export interface Reference {
  /** When the last call was sent, and when the last answer arrived. */
  readonly sentMs: number;
  readonly doneMs: number;
  /** The limits that delayed calls. */
  readonly bindings: readonly Binding[];
}

export type Binding = LimitName | 'maxConcurrent';

/** Until one has ended. */
const TOO_MANY = { limit: { name: 'maxConcurrent' }, waitMs: Infinity } as const;

interface Running {
  index: number;
  readonly charges: readonly Charge[];
  readonly admittedAt: number;
  readonly endsAt: number;
}

/**
 * What a client achieves that sees the limits themselves and the faults to come: it sends every call in order at the
 * first moment at which it is admitted, and never otherwise. No client that keeps the order is faster, except by
 * overdrawing a limit that is counted late.
 */
export function reference(
  { provider, seed }: Pick<Case, 'provider' | 'seed'>,
  jobs: readonly CaseJob[],
  onAdmit?: (job: CaseJob, arrivesAt: number) => void,
): Reference {
  const limits = new EnforcedLimits(provider, 1, seed);
  const { oneWayMs, change, outage, maxConcurrent = Infinity } = provider;
  const ready = jobs
    .map((job) => ({ job, at: job.arriveMs + oneWayMs + unavoidableFaults(provider, job).ms }))
    .toSorted((a, b) => a.at - b.at);
  const running = new IndexedHeap<'index', Running>('index', (a, b) => a.endsAt < b.endsAt);
  let now = 0;
  let doneMs = 0;
  const bindings = new Set<Binding>();
  for (const { job, at } of ready) {
    const charges = limits.chargesOf(job).map(planned);
    now = Math.max(now, at);
    for (;;) {
      for (let first = running.peek(); first && first.endsAt <= now; first = running.peek()) {
        running.remove(first);
        limits.complete(first.charges, first.admittedAt, now);
      }
      if (outage && now >= outage.fromMs && now < outage.untilMs) {
        now = outage.untilMs;
        continue;
      }
      const refusal = running.size >= maxConcurrent ? TOO_MANY : limits.refusal(charges, now);
      if (!refusal) break;
      bindings.add(refusal.limit.name);
      const { waitMs } = refusal;
      // An answer or a raise may let it go sooner.
      const changesAt = change && change.atMs > now ? change.atMs : Infinity;
      now = Math.min(now + waitMs, Math.max(now, running.peek()?.endsAt ?? Infinity), changesAt);
    }
    limits.admit(charges, now);
    onAdmit?.(job, now);
    const endsAt = now + job.latencyMs;
    running.push({ index: -1, charges, admittedAt: now, endsAt });
    doneMs = Math.max(doneMs, endsAt + oneWayMs);
  }
  return { sentMs: now - oneWayMs, doneMs, bindings: [...bindings] };
}
