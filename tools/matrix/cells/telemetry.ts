import type { Cell, Folder } from '../cell.ts';
import { clients, loads } from '../program.ts';
import { packages } from '../versions.ts';

const SECTION = 'OpenTelemetry';
/** Lines of `@opentelemetry/sdk-node` in use: the last with SDK 1.x, the first and last with 2.x, and 3.x. */
const LINES = ['0.57.2', '0.203.0', '0.222.0', '0.301.0'] as const;

/** Installed in one go, as by a user who adds tidegate to an application: npm refuses what does not match. */
const folder = (version: string): Folder => ({
  name: `opentelemetry-${version}`,
  packages: { ...packages('openai'), '@opentelemetry/sdk-node': version },
});

/** The application's own set-up; tidegate is not configured. */
const APP = `
const { NodeSDK } = require('@opentelemetry/sdk-node');
const metrics = require('@opentelemetry/sdk-metrics');
const exporter = new metrics.InMemoryMetricExporter(metrics.AggregationTemporality.CUMULATIVE);
const reader = new metrics.PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 600000 });
process.env.OTEL_TRACES_EXPORTER = 'none';
process.env.OTEL_LOGS_EXPORTER = 'none';
const sdk = new NodeSDK({ metricReader: reader, metricReaders: [reader], autoDetectResources: false });
sdk.start();
${loads('cjs', 'wrap', ['openai'])}
${clients('cjs', 'wrap', ['openai'])}
matrix.burst(clients).then(async (outcomes) => {
  await reader.forceFlush();
  const named = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics).flatMap((scope) => scope.metrics);
  const counted = named.filter(({ descriptor }) => descriptor.name === 'tidegate.calls').flatMap(({ dataPoints }) => dataPoints);
  const calls = counted.reduce((sum, { value }) => sum + value, 0);
  matrix.report(outcomes, { 'every call counted': calls === outcomes.openai.calls || calls });
  process.exit();
});
`;

/** `startTelemetry` creates the set-up with these versions; it needs the exporter of the same version. */
const STARTED = `
import { startTelemetry } from 'tidegate/telemetry';
${loads('esm', 'drop-in', ['openai'])}
const telemetry = await startTelemetry({ port: 0 });
${clients('esm', 'drop-in', ['openai'])}
const outcomes = await matrix.burst(clients);
const text = await (await fetch(telemetry.url)).text();
const samples = text.split('\\n').filter((line) => line.startsWith('tidegate_calls_total{'));
const calls = samples.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
matrix.report(outcomes, { 'every call counted': calls === outcomes.openai.calls || text });
process.exit();
`;

/** The same by OTLP, to a collector inside the program. */
const SENT = `
import { createServer } from 'node:http';
import { startTelemetry } from 'tidegate/telemetry';
${loads('esm', 'drop-in', ['openai'])}
let last;
const collector = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  last = JSON.parse(text);
  response.setHeader('content-type', 'application/json').end('{}');
});
await new Promise((resolve) => collector.listen(0, '127.0.0.1', resolve));
process.env.OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:' + collector.address().port;
process.env.OTEL_EXPORTER_OTLP_PROTOCOL = 'http/json';
process.env.OTEL_TRACES_EXPORTER = 'none';
const telemetry = await startTelemetry({ metrics: 'otlp' });
${clients('esm', 'drop-in', ['openai'])}
const outcomes = await matrix.burst(clients);
await telemetry.shutdown();
const named = (last?.resourceMetrics ?? []).flatMap(({ scopeMetrics }) => scopeMetrics).flatMap(({ metrics }) => metrics);
const points = named.filter(({ name }) => name === 'tidegate.calls').flatMap(({ sum }) => sum.dataPoints);
const calls = points.reduce((sum, { asDouble, asInt }) => sum + Number(asDouble ?? asInt), 0);
matrix.report(outcomes, { 'every call counted': calls === outcomes.openai.calls || calls });
process.exit();
`;

const installed = (version: string): Cell => ({
  id: `@opentelemetry/sdk-node ${version}`,
  place: [SECTION, `@opentelemetry/sdk-node ${version}`, 'set up by the application'],
  folder: folder(version),
  files: { 'app.cjs': APP },
  steps: [{ argv: ['node', 'app.cjs'] }],
  expect: 'guarded',
});

const started = (version: string): Cell => ({
  id: `@opentelemetry/sdk-node ${version}, startTelemetry`,
  place: [SECTION, `@opentelemetry/sdk-node ${version}`, 'set up by startTelemetry'],
  folder: {
    name: `start-telemetry-${version}`,
    packages: { ...folder(version).packages, '@opentelemetry/exporter-prometheus': version },
  },
  files: { 'app.mjs': STARTED },
  steps: [{ argv: ['node', 'app.mjs'] }],
  expect: 'guarded',
});

const sent = (version: string): Cell => ({
  ...started(version),
  id: `@opentelemetry/sdk-node ${version}, startTelemetry by OTLP`,
  place: [SECTION, `@opentelemetry/sdk-node ${version}`, 'by OTLP'],
  folder: {
    name: `start-telemetry-otlp-${version}`,
    packages: { ...folder(version).packages, '@opentelemetry/exporter-metrics-otlp-http': version },
  },
  files: { 'app.mjs': SENT },
});

export const telemetryCells: readonly Cell[] = LINES.flatMap((version) => [
  installed(version),
  started(version),
  sent(version),
]);
