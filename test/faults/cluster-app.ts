/** Two workers of a cluster, each with a port of its own for its metrics; the primary tells where they are. */
import cluster from 'node:cluster';
import OpenAI from 'openai';
import { wrap } from 'tidegate';
import { startTelemetry } from 'tidegate/telemetry';

const url = process.argv[2]!;
const WORKERS = 2;

if (cluster.isPrimary) {
  const targets: string[] = [];
  cluster.on('message', (_worker, target: string) => {
    targets.push(target);
    if (targets.length === WORKERS) process.send!(targets);
  });
  for (let worker = 0; worker < WORKERS; worker++) cluster.fork();
  process.once('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGKILL');
    process.exit(0);
  });
} else {
  const telemetry = await startTelemetry({ serviceName: 'cluster', port: 0 });
  const client = wrap(new OpenAI({ apiKey: 'sk-test', baseURL: url }));
  process.send!(new URL(telemetry.url).host);
  let turn = 0;
  setInterval(() => {
    // Nobody asks for the answer of a promise that is left alone, and it is not read before.
    client.chat.completions
      .create({
        model: 'gpt-5.1',
        messages: [{ role: 'user', content: `Is this spam? ${process.pid} ${++turn}` }],
      })
      .catch((error: unknown) => {
        throw error;
      });
  }, 700);
}
