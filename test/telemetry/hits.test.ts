import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createGuard, recordHits } from '../../src/index.ts';
import { Harness } from './harness.ts';
import { startSimulator } from '../../src/testing.ts';

it('lines that a record loses are counted, from zero', async () => {
  const harness = new Harness();
  const folder = await mkdtemp(join(tmpdir(), 'lost-'));
  // A folder cannot be created in place of a file.
  await writeFile(join(folder, 'file'), '');
  const simulator = await startSimulator({ provider: 'openai', limits: { requestsPerMinute: 6_000 } });
  const guard = createGuard({ telemetry: { meterProvider: harness.meterProvider } });
  const hits = recordHits({ path: join(folder, 'file', 'hits.jsonl'), record: 'all', guard });
  expect(await harness.value('tidegate.hits.lost_lines')).toBe(0);
  const response = await guard.fetch(`${simulator.url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }] }),
  });
  await response.text();
  await hits.close();
  expect(hits.lost).toBeGreaterThan(0);
  expect(await harness.value('tidegate.hits.lost_lines')).toBe(hits.lost);
  await guard.close();
  await simulator.close();
  await rm(folder, { recursive: true });
});
