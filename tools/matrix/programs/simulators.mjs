/** Two simulators a provider for all cells, from the installed package. Every model has buckets of its own. Ends with its input. */
import { startSimulator } from 'tidegate/testing';

const providers = ['openai', 'anthropic', 'groq'];
const common = { retryHeader: 'both', replyTokens: 5 };

/** Two at once, then so many a second. */
async function start(perSecond) {
  const options = { ...common, limits: { requestsPerMinute: 60 * perSecond }, bucketSeconds: 2 / perSecond };
  const started = providers.map(async (provider) => [provider, (await startSimulator({ provider, ...options })).url]);
  return Object.fromEntries(await Promise.all(started));
}

// Twenty calls of which none is lost take a second, so that a cell whose clients are guarded is over soon.
const quick = await start(20);
// And 36 s here. What gives up after two retries at the hinted times, 2 s apart, has ended after 4: a machine on which
// calls lost their way to the simulator for half a minute would have to come in between for a burst to be spread by chance.
const slow = await start(0.5);

console.log(JSON.stringify({ quick, slow }));
process.stdin.resume().once('end', () => process.exit());
