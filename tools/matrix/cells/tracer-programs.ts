import { clients, loads, type Way } from '../program.ts';

/** Since version 11 it records OpenTelemetry's spans only on request. They are printed; nothing can be sent. */
export const SENTRY = (how: 'import' | 'require'): string => `
${how === 'import' ? "import * as Sentry from '@sentry/node';" : "const Sentry = require('@sentry/node');"}
Sentry.init({
  dsn: 'http://key@127.0.0.1:9/1',
  tracesSampleRate: 1,
  enableOpenTelemetrySetup: true,
  beforeSendSpan: (span) => {
    console.log('@span', span.name ?? span.description);
    return span;
  },
});
process.once('beforeExit', () => Sentry.flush(1000));
`;

export const INFERENCE = `
const { OpenAIInstrumentation } = require('@arizeai/openinference-instrumentation-openai');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace');

exports.exporter = new InMemorySpanExporter();
const spanProcessors = [new SimpleSpanProcessor({ exporter: exports.exporter })];
new NodeSDK({ spanProcessors, metricReaders: [], logRecordProcessors: [] }).start();
registerInstrumentations({ instrumentations: [new OpenAIInstrumentation()] });
`;

/** Its hook sees each call once, however tidegate carries it out. */
export const INFERENCE_APP = (way: Way): string => `
const { exporter } = require('./tracer.cjs');
${loads('cjs', way, ['openai'])}
${clients('cjs', way, ['openai'])}
matrix.burst(clients).then((outcomes) => {
  const scopes = exporter.getFinishedSpans().map((span) => span.instrumentationScope.name);
  const seen = scopes.filter((name) => name.includes('openinference')).length;
  matrix.report(outcomes, { 'every call seen by the instrumentation': seen === outcomes.openai.calls || scopes });
});
`;
