import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { batch } from '../../src/batch.ts';
import { systemClock } from '../../src/core/clock.ts';
import { MemoryStore } from '../../src/fleet/memory-store.ts';
import { createGuard, type Guard, recordHits } from '../../src/index.ts';
import { startTelemetry, type StartTelemetryOptions } from '../../src/telemetry.ts';
import { type FaultKind, startSimulator } from '../../src/testing.ts';

const BODY = { model: 'gpt-4o-mini', messages: [{ role: 'user' as const, content: 'Hello' }], max_tokens: 16 };

export interface Workload {
  readonly guard: Guard;
  /** Where the metrics are scraped. */
  readonly url: string;
  /** One call, with the given faults for the provider's next answers. @throws what the call throws */
  call(faults?: readonly FaultKind[], stream?: boolean): Promise<void>;
  /** What `worker` returns for the second item of a batch of three, while it is running. */
  inBatch<T>(worker: () => Promise<T>): Promise<T>;
  /** One unguarded call. */
  bareCall(): Promise<void>;
}

/** Runs `use` with a guarded client, a simulated provider and a real metrics endpoint. */
export async function withWorkload<T>(
  use: (workload: Workload) => Promise<T>,
  options: StartTelemetryOptions = {},
): Promise<T> {
  const simulator = await startSimulator({
    provider: 'openai',
    limits: { requestsPerMinute: 500, tokensPerMinute: 200_000 },
  });
  const telemetry = await startTelemetry({ serviceName: 'ops-test', port: 0, ...options });
  const guard = createGuard({
    retry: { initialDelayMs: 1, maxDelayMs: 2 },
    unguardedNotice: true,
    prices: { '*': { input: 1, output: 2 } },
    shared: { store: new MemoryStore(systemClock), processes: 1, account: undefined },
  });
  // Listened to, so that Node does not print it.
  guard.on('warning', () => undefined);
  // Nothing is limited, so no file is created.
  const hits = recordHits({ path: join(tmpdir(), 'no-hits.jsonl'), guard });
  const client = guard.wrap(new OpenAI({ baseURL: simulator.url, apiKey: 'sk-test' }));
  try {
    return await use({
      guard,
      url: telemetry.url,
      async inBatch(worker) {
        const ends = [() => undefined, worker, () => undefined];
        const rows = await batch(ends, (end) => end(), { guard, maxConcurrent: 1, dedupe: false });
        const row = rows[1]!;
        if (row.status !== 'ok') throw row.error;
        return row.value!;
      },
      async bareCall() {
        await new OpenAI({ baseURL: simulator.url, apiKey: 'sk-test' }).chat.completions.create(BODY);
      },
      call: async (faults = [], stream = false) => {
        simulator.update({ faults: { script: [...faults] } });
        if (!stream) await client.chat.completions.create(BODY);
        else for await (const chunk of await client.chat.completions.create({ ...BODY, stream: true })) void chunk;
      },
    });
  } finally {
    await hits.close();
    await guard.close();
    await telemetry.shutdown();
    await simulator.close();
  }
}
