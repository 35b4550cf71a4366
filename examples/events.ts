// What a guard tells: events as they happen, and a snapshot for a health endpoint.
// Run: npm run build && node examples/events.ts
import Groq from 'groq-sdk';
import { classifyError, createGuard } from 'tidegate';
import { startSimulator } from 'tidegate/testing';

await using simulator = await startSimulator({
  provider: 'groq',
  limits: { requestsPerMinute: 600, tokensPerMinute: 60_000 },
  bucketSeconds: 1,
  faults: { script: ['none', 'server_error', 'auth'] },
});

const guard = createGuard();
guard.on('retry', ({ call, reason, delayMs }) =>
  console.log(`retry of ${call.lane}: ${reason}, in ${Math.round(delayMs)} ms`),
);
guard.on('rate_limited', ({ dimension, advice }) => console.log(`limit hit: ${dimension}. ${advice}`));
guard.on('call.end', ({ outcome, attempts }) => console.log(`call ended: ${outcome} after ${attempts} attempts`));

const client = guard.wrap(new Groq({ baseURL: simulator.url, apiKey: 'simulated' }));
const ask = () =>
  client.chat.completions.create({ model: 'llama-3.1-8b-instant', messages: [{ role: 'user', content: 'Hi' }] });

await ask();
try {
  // The first attempt meets a server error and is sent again; the second an invalid key, which no retry can help.
  await ask();
} catch (error) {
  const details = classifyError(error);
  console.log(`failed: ${details?.outcome} after ${details?.attempts} attempts. ${details?.advice}`);
}

for (const { lane, circuit, counts, dimensions } of guard.snapshot()) {
  console.log(`${lane}: circuit ${circuit}, ${counts.succeeded} of ${counts.calls} calls succeeded`);
  for (const { dimension, limit, remaining } of dimensions)
    console.log(`  ${dimension}: ${remaining} of ${limit} left`);
}
await guard.close();
