// A person's question overtakes a batch that fills the limit, and a call whose time is up does not wait on.
// Run: npm run build && node examples/priorities.ts
import Anthropic from '@anthropic-ai/sdk';
import { isTidegateError, withCall, wrap } from 'tidegate';
import { startSimulator } from 'tidegate/testing';

await using simulator = await startSimulator({
  provider: 'anthropic',
  limits: { requestsPerMinute: 300 },
  bucketSeconds: 1,
  latency: { baseMs: 50 },
});

// One call at a time makes the order visible.
const client = wrap(new Anthropic({ baseURL: simulator.url, apiKey: 'simulated' }), { bulkhead: { maxConcurrent: 1 } });
const order: string[] = [];
const ask = async (name: string): Promise<void> => {
  await client.messages.create({
    model: 'claude-haiku-4-5',
    max_tokens: 16,
    messages: [{ role: 'user', content: name }],
  });
  order.push(name);
};

const batch = withCall({ priority: 'batch' }, () =>
  Promise.all(Array.from({ length: 12 }, (_, i) => ask(`batch ${i}`))),
);
const person = withCall({ priority: 'interactive' }, () => ask('person'));
const late = withCall({ deadlineMs: 20 }, () => ask('late'));

try {
  await late;
} catch (error) {
  if (!isTidegateError(error)) throw error;
  console.log(`late: ${error.code}. ${error.tidegate?.advice}`);
}
await Promise.all([batch, person]);
console.log(`the person's answer came as number ${order.indexOf('person') + 1} of ${order.length}`);
