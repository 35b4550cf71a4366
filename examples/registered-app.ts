// An application that knows nothing of tidegate. Run it both ways and compare:
//   npm run build
//   node examples/registered-app.ts
//   node --import tidegate/register examples/registered-app.ts
import OpenAI from 'openai';
import { startSimulator } from 'tidegate/testing';

await using simulator = await startSimulator({
  provider: 'openai',
  limits: { requestsPerMinute: 600 },
  bucketSeconds: 1,
  latency: { baseMs: 50 },
});

const client = new OpenAI({ baseURL: simulator.url, apiKey: 'simulated' });
const results = await Promise.allSettled(
  Array.from({ length: 60 }, (_, i) =>
    client.embeddings.create({ model: 'text-embedding-3-small', input: `text ${i}` }),
  ),
);
const succeeded = results.filter(({ status }) => status === 'fulfilled').length;
console.log(`${succeeded} of ${results.length} succeeded`);
