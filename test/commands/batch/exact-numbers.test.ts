import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { at, type Provider, row, simulate, start, useProviderRuns } from './provider-run.ts';
import { type Step, tampered } from './tampered.ts';

useProviderRuns();

/** Such as an id in the input of Anthropic's tools, which is not a string. */
const ID = '12345678901234567890';
const HOLDS_ID = new RegExp(`"account":${ID}[,}]`);
const LAST_ID = 'row.2';

/** Rows whose answers contain the id; the one with the last id is refused row by row. */
async function provider(kind: Provider) {
  const rows = ['row.0', 'row.1', LAST_ID].map((id) => row(kind, id));
  await writeFile(at('in.jsonl'), `${rows.join('\n')}\n`);
  const withId = (text: string): string => text.replaceAll('"usage":', `"account":${ID},"usage":`);
  const refusal = { status: 400, text: `{"type":"error","error":{"type":"invalid_request_error","account":${ID}}}` };
  const answer = (step: Step, nth: number) => (step === 'row' && nth === 3 ? refusal : withId);
  return tampered(await simulate(kind), answer);
}

async function written(name: string): Promise<string[]> {
  const text = await readFile(at(name), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

test.each(['openai', 'anthropic'] as const)(
  'answers of %s keep digits that a double cannot hold, also from the journal',
  async (kind) => {
    const proxy = await provider(kind);
    for (const [resumed, rows] of [['sent', 3] as const, ['resumed', 3] as const]) {
      expect(await start(proxy, kind, '--via', 'sync', '--max-concurrent', '1').code, resumed).toBe(1);
      const [results, errors] = [await written('out.jsonl'), await written('out.errors.jsonl')];
      expect([results.length, errors.length]).toEqual([2, 1]);
      for (const line of [...results, ...errors]) expect(line).toMatch(HOLDS_ID);
      expect(proxy.steps.filter((step) => step === 'row')).toHaveLength(rows);
    }
  },
);

test.each(['openai', 'anthropic'] as const)("so do those of %s's own batches", async (kind) => {
  const proxy = await provider(kind);
  for (const way of ['fetched', 'resumed']) {
    expect(await start(proxy, kind).code, way).toBe(0);
    const results = await written('out.jsonl');
    expect(results).toHaveLength(3);
    for (const line of results) expect(line).toMatch(HOLDS_ID);
  }
  expect(proxy.created).toBe(1);
});
