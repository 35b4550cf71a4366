// One import changed: 40 calls at once against a limit of 10 a second, and none fails.
// Run: npm run build && node examples/drop-in.ts
import OpenAI from 'tidegate/openai';
import { startSimulator } from 'tidegate/testing';

await using simulator = await startSimulator({
  provider: 'openai',
  limits: { requestsPerMinute: 600 },
  bucketSeconds: 1,
  latency: { baseMs: 50 },
});

const client = new OpenAI({ baseURL: simulator.url, apiKey: 'simulated' });
const answers = await Promise.all(
  Array.from({ length: 40 }, (_, i) =>
    client.chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: `Say ${i}.` }] }),
  ),
);

const { requests, rejected } = simulator.stats();
console.log(`${answers.length} of 40 answered; ${requests} attempts, of which the limit refused ${rejected}`);
