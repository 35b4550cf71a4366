import OpenAI from 'openai';
import { wrap } from '../../src/index.ts';
import { startTelemetry } from '../../src/telemetry.ts';
import { startSimulator } from '../../src/testing.ts';

// An application in a process of its own, for the test that kills it. Sends its parent the address of its metrics.
const simulator = await startSimulator({ provider: 'openai', limits: { requestsPerMinute: 600 } });
const telemetry = await startTelemetry({ serviceName: 'victim', port: 0 });
const client = wrap(new OpenAI({ apiKey: 'sk-test', baseURL: simulator.url }));
process.send!(new URL(telemetry.url).host);
setInterval(() => {
  void client.chat.completions
    .create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }] })
    .catch((error: unknown) => {
      throw error;
    });
}, 1_000);
