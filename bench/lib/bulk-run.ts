/**
 * A run of `bench/batch-http.ts` with what people write instead of a batch, over OpenAI's client with its two retries. A process
 * of its own, to be killed: name of the contestant, file of prompts, file of results, requests a minute.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { RunnableLambda } from '@langchain/core/runnables';
import OpenAI from 'openai';
import pLimit from 'p-limit';
import pMap from 'p-map';
import pRetry from 'p-retry';
import { cookbook } from './cookbook.ts';

interface Row {
  readonly id: string;
  readonly prompt: string;
}

const TOGETHER = 50;

const [name = '', input = '', out = '', rpm = ''] = process.argv.slice(2);
const prompts = readFileSync(input, 'utf8').split('\n');
const rows = prompts.map((prompt, index): Row => ({ id: String(index + 1), prompt }));
const client = new OpenAI();

async function ask({ id, prompt }: Row): Promise<void> {
  const messages = [{ role: 'user' as const, content: prompt }];
  const answer = await client.chat.completions.create({ model: 'gpt-4o-mini', messages });
  await appendFile(out, `${JSON.stringify({ custom_id: id, answer })}\n`);
}

const runs: Readonly<Record<string, () => Promise<unknown>>> = {
  'p-limit and p-retry': () => {
    const limit = pLimit(TOGETHER);
    return Promise.allSettled(rows.map((row) => limit(() => pRetry(() => ask(row)))));
  },
  'p-map': () => pMap(rows, ask, { concurrency: TOGETHER, stopOnError: false }),
  'LangChain .batch': () =>
    RunnableLambda.from(ask).batch(rows, { maxConcurrency: TOGETHER }, { returnExceptions: true }),
  "the cookbook's script": () =>
    cookbook(rows.values(), ask, Infinity, () => undefined, { requestsPerMinute: Number(rpm) }),
};

// Failed rows are missing in the results.
await runs[name]!().catch(() => undefined);
