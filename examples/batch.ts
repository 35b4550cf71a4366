// 200 real e-mails, one word each, at 50 requests a minute, sixty times as fast: a minute takes a second.
// The first run is left after 80; the second goes on from the journal, in order.
// Run: npm run build && node examples/batch.ts
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { batch } from 'tidegate/batch';
import OpenAI from 'tidegate/openai';
import { startSimulator } from 'tidegate/testing';
import { readEmails } from '../demo/emails.ts';

const FASTER = 60;

await using simulator = await startSimulator({
  provider: 'openai',
  limits: { requestsPerMinute: 50 * FASTER },
  bucketSeconds: 1,
  latency: { baseMs: 1_000 / FASTER },
  reply: 'label',
});
const client = new OpenAI({ baseURL: simulator.url, apiKey: 'simulated' });
const emails = await readEmails(200);
const folder = await mkdtemp(join(tmpdir(), 'emails-'));

const classify = () =>
  batch(
    emails,
    async ({ text }, { signal }) => {
      const content = `One word, spam or ham:\n${text}`;
      const answer = await client.chat.completions.create(
        { model: 'gpt-4o-mini', messages: [{ role: 'user', content }] },
        { signal },
      );
      return answer.choices[0]?.message.content;
    },
    { id: ({ id }) => id, journal: join(folder, 'emails.jsonl') },
  );

for await (const { index } of classify()) if (index === 79) break;

const rows = await classify();
const words = rows.map((row) => (row.status === 'ok' ? row.value : undefined));
const inOrder = rows.every(({ id }, index) => id === emails[index]?.id);
const reused = rows.filter(({ source }) => source === 'journal').length;
console.log(
  `${words.filter((word) => word === 'spam' || word === 'ham').length} of ${rows.length} e-mails have a word`,
);
console.log(`${inOrder ? 'in order' : 'out of order'}; ${reused} came from the journal`);
console.log(`the limit refused ${simulator.stats().rejected} requests`);
await rm(folder, { recursive: true });
