// A guarded fetch, for every SDK that accepts one and for code that has none.
// Run: npm run build && node examples/guarded-fetch.ts
import { createGuard } from 'tidegate';
import { startSimulator } from 'tidegate/testing';

await using simulator = await startSimulator({
  provider: 'openai',
  limits: { requestsPerMinute: 600 },
  bucketSeconds: 1,
  latency: { baseMs: 50 },
});

// `guardedFetch` of tidegate/fetch is the same with the default guard of the process.
const guard = createGuard();
const responses = await Promise.all(
  Array.from({ length: 30 }, (_, i) =>
    guard.fetch(`${simulator.url}/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer simulated', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: `Say ${i}.` }] }),
    }),
  ),
);
// A slot is held until the body has been read.
await Promise.all(responses.map((response) => response.text()));
console.log(`${responses.filter(({ ok }) => ok).length} of ${responses.length} answered`);
await guard.close();
