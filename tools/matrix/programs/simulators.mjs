/** One simulator a provider for all cells, from the installed package. Every model has buckets of its own. Ends with its input. */
import { startSimulator } from 'tidegate/testing';

// Two at once, then twenty a second: an SDK's two retries at the hinted times are over long before the twentieth call.
const options = { limits: { requestsPerMinute: 1_200 }, bucketSeconds: 0.1, retryHeader: 'both', replyTokens: 5 };
const providers = ['openai', 'anthropic', 'groq'];
const simulators = await Promise.all(providers.map((provider) => startSimulator({ provider, ...options })));

console.log(JSON.stringify(Object.fromEntries(providers.map((provider, at) => [provider, simulators[at].url]))));
process.stdin.resume().once('end', () => process.exit());
