import { createHook } from 'node:async_hooks';
import { CONCURRENCY, run, type Variant } from './rounds.ts';

/** The cost of a variant's call, independent of the machine's load. */
export interface Counts {
  readonly promises: number;
  /** Bytes in the young generation; memory outside of it is not counted. */
  readonly bytes: number;
  /** Bytes that a young collection did not free. */
  readonly keptBytes: number;
}

/** A multiple of the concurrency, and few enough that the collector need not run meanwhile. */
const CALLS = CONCURRENCY * 16;
const TRIES = 3;

/** Counts promises and allocated bytes of a warm variant. Node must expose `gc`. */
export async function count(variant: Variant): Promise<Counts> {
  variant.before?.();
  let bytes = 0;
  let keptBytes = Infinity;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    await run(variant, CALLS);
    // A collection in between lowers the count: the maximum is a run without one.
    bytes = Math.max(bytes, process.memoryUsage().heapUsed - before);
    globalThis.gc?.({ type: 'minor' });
    keptBytes = Math.min(keptBytes, process.memoryUsage().heapUsed - before);
  }
  let promises = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === 'PROMISE') promises++;
    },
  });
  hook.enable();
  await run(variant, CALLS);
  hook.disable();
  variant.after?.();
  return { promises: promises / CALLS, bytes: bytes / CALLS, keptBytes: keptBytes / CALLS };
}
