import { processState } from '../process-state.ts';

interface Bindable {
  bind(): void;
}

// Weak: a guard that is dropped without being closed must not be kept by this list.
const live = new Set<WeakRef<Bindable>>();
/** Looking through all of them each time one comes would cost an application that makes many guards the square of them. */
const FIRST_SWEEP = 64;
let sweepAt = FIRST_SWEEP;

/** Remembers an instrumentation, so that an SDK that is started later reaches it before its next call. */
export function trackInstrumentation(instrumentation: Bindable): void {
  if (live.size >= sweepAt) sweep();
  live.add(new WeakRef(instrumentation));
  processState().bind.add(bindAll);
}

/** Forgets those that are gone. Once in as many as are left, so that there are never more than twice as many as live. */
function sweep(): void {
  for (const each of live) if (!each.deref()) live.delete(each);
  sweepAt = Math.max(FIRST_SWEEP, 2 * live.size);
}

/** Binds every instrumentation to the providers that are registered now. */
function bindAll(): void {
  for (const each of live) each.deref()?.bind();
}
