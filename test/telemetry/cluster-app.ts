/** Two workers of a cluster serve one port; the primary prints what each of them reports. */
import cluster from 'node:cluster';
import { servePrometheus } from '../../src/telemetry/prometheus-server.ts';

const port = Number(process.argv[2]);

if (cluster.isPrimary) {
  const said: string[] = [];
  cluster.on('message', (_worker, message: string) => {
    said.push(message);
    if (said.length < 2) return;
    console.log(JSON.stringify(said.toSorted()));
    process.exit(0);
  });
  cluster.fork();
  cluster.fork();
} else {
  const address = { host: '127.0.0.1', port, allowedHosts: [] };
  servePrometheus(address, (_request, response) => response.end()).then(
    () => process.send!('serves'),
    (error: Error) => process.send!(error.message),
  );
}
