import type { Context, SeverityNumber, Span } from '@opentelemetry/api';
import type { GuardEvent } from '../core/events.ts';
import { ATTR, EVENT, SCOPE, VERSION } from './names.ts';
import { registeredLogger } from './otel-api.ts';
import { isInference, SCHEMA_URLS, type Semconv } from './semconv.ts';

// oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- only the API's types are imported
const WARN: SeverityNumber.WARN = 13;

/**
 * Records the error that the application gets: a span event in 1.41 of the conventions, a log record in the newest.
 * The class alone: the message of an error may quote the request.
 */
export function recordException(
  { span, context }: { readonly span: Span; readonly context: Context },
  { call, exception }: Extract<GuardEvent, { type: 'call.end' }>,
  semconv: Semconv,
): void {
  if (exception === undefined) return;
  const attributes = { [ATTR.exceptionType]: exception };
  if (semconv !== 'latest') span.addEvent(EVENT.exception, attributes);
  if (semconv === 'compat') return;
  const schemaUrl = SCHEMA_URLS.latest;
  registeredLogger(SCOPE, VERSION, schemaUrl === undefined ? {} : { schemaUrl })?.emit({
    eventName: isInference(call.operation) ? EVENT.inferenceException : EVENT.operationException,
    severityNumber: WARN,
    severityText: 'WARN',
    attributes,
    context,
  });
}
