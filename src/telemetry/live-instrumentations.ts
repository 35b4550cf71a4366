import { processState } from '../process-state.ts';

interface Bindable {
  bind(): void;
}

// Weak: a guard that is dropped without being closed must not be kept by this list.
const live = new Set<WeakRef<Bindable>>();

/** Remembers an instrumentation, so that an SDK that is started later reaches it before its next call. */
export function trackInstrumentation(instrumentation: Bindable): void {
  for (const each of live) if (!each.deref()) live.delete(each);
  live.add(new WeakRef(instrumentation));
  processState().bind.add(bindAll);
}

/** Binds every instrumentation to the providers that are registered now. */
function bindAll(): void {
  for (const each of live) each.deref()?.bind();
}
