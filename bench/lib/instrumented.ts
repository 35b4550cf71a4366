import { createRequire } from 'node:module';
import { OpenAIInstrumentation as OpenInference } from '@arizeai/openinference-instrumentation-openai';
import { OpenAIInstrumentation } from '@opentelemetry/instrumentation-openai';
import OpenAI6 from 'openai-6';
import type { Otel } from './otel.ts';
import { type FetchOf, type OpenAIClass, openaiSubject, type Subject } from './subjects.ts';

const require = createRequire(import.meta.url);

/**
 * OpenInference's instrumentation of openai 7, applied to the CommonJS build, which is a separate copy: the one that
 * the other variants use stays unpatched.
 */
export function openInference({ tracers }: Otel, fetchOf: FetchOf): Subject {
  const module = require('openai') as { OpenAI: OpenAIClass };
  const instrumentation = new OpenInference();
  instrumentation.setTracerProvider(tracers);
  instrumentation.manuallyInstrument(module as unknown as Parameters<typeof instrumentation.manuallyInstrument>[0]);
  return openaiSubject('OpenInference', module.OpenAI, fetchOf);
}

/** openai 6: the newest version that OpenTelemetry's own instrumentation supports. */
export const openai6 = (fetchOf: FetchOf): Subject =>
  openaiSubject('openai 6', OpenAI6 as unknown as OpenAIClass, fetchOf);

/** OpenTelemetry's instrumentation of openai 6, likewise. */
export function otelInstrumentation({ tracers, meters }: Otel, fetchOf: FetchOf): Subject {
  const module = require('openai-6') as { OpenAI: OpenAIClass };
  const instrumentation = new PatchingInstrumentation();
  instrumentation.setTracerProvider(tracers);
  instrumentation.setMeterProvider(meters);
  instrumentation.patch(module);
  return openaiSubject('instrumentation-openai', module.OpenAI, fetchOf);
}

/** Applies to a module that was loaded under another name. */
class PatchingInstrumentation extends OpenAIInstrumentation {
  patch(module: object): void {
    for (const definition of this.init()) definition.patch?.(module);
  }
}
