// 200 real e-mails, one word each, through a provider that allows 50 requests a minute.
// Time passes sixty times as fast while this process waits, so that a minute takes about a second; provider and tidegate
// know nothing of it.
// The run is left after 80 e-mails; the second one goes on from the journal, in order.
// Run: npm run build && node examples/batch.ts
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { batch } from 'tidegate/batch';
import OpenAI from 'tidegate/openai';
import { startSimulator } from 'tidegate/testing';
import { readEmails } from '../demo/emails.ts';

const FASTER = 60;
const RPM = 50;
const EMAILS = 200;
const LEFT_AFTER = 80;
hastenClocks(FASTER);

await using simulator = await startSimulator({
  provider: 'openai',
  limits: { requestsPerMinute: RPM },
  latency: { baseMs: 800, perTokenMs: 10 },
  reply: 'label',
});
const client = new OpenAI({ baseURL: simulator.url, apiKey: 'simulated' });
const emails = await readEmails(EMAILS);
const folder = await mkdtemp(join(tmpdir(), 'emails-'));
const journal = join(folder, 'emails.jsonl');

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
    { id: ({ id }) => id, journal },
  );

const startedAt = Date.now();
console.log(`${EMAILS} e-mails, one word each, at ${RPM} requests a minute, of which the waits take a sixtieth`);

for await (const { index } of classify()) if (index === LEFT_AFTER - 1) break;
const { completed: before } = simulator.stats();
console.log(`left after ${LEFT_AFTER}`);

const rows = await classify();
const words = rows.map((row) => (row.status === 'ok' ? row.value : undefined));
const count = (word: string): number => words.filter((each) => each === word).length;
const reused = rows.filter(({ source }) => source === 'journal').length;
const inOrder = rows.every(({ id }, index) => id === emails[index]?.id);
const { requests, rejected } = simulator.stats();
const minutes = (Date.now() - startedAt) / 60_000;

console.log(
  `${rows.length} of ${EMAILS} answered: ${count('spam')} spam, ${count('ham')} ham, ${inOrder ? 'in order' : 'OUT OF ORDER'}`,
);
console.log(`${reused} came from the journal, of ${before} that were answered before`);
// A minute's worth goes at once, the others as it comes back.
const least = (EMAILS - RPM) / RPM;
console.log(
  `in ${minutes.toFixed(1)} minutes, where the limit takes ${least.toFixed(1)}; ${rejected} of ${requests} requests were refused`,
);
await rm(folder, { recursive: true });

/** Time in which this process waits passes so many times as fast; what it works in passes as it does. */
function hastenClocks(faster: number): void {
  const { setTimeout: realTimeout } = globalThis;
  const [now, wall] = [performance.now.bind(performance), Date.now];
  const saved = (): number => performance.eventLoopUtilization().idle * (faster - 1);
  performance.now = () => now() + saved();
  Date.now = () => Math.round(wall() + saved());
  const hastened = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): NodeJS.Timeout => {
    const dueAt = performance.now() + ms;
    // How much of its time will be work is known afterwards.
    const look = (): unknown => (performance.now() < dueAt ? timer.refresh() : run(...args));
    const timer = realTimeout(look, 1);
    return timer;
  };
  globalThis.setTimeout = Object.assign(hastened, realTimeout) as typeof setTimeout;
}
