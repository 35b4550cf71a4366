/** Two workers of a cluster with a metrics port each; the primary reports the ports. */
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
    // The promise is not awaited, and its result not read before.
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
