import type {
  Context,
  ContextManager,
  DiagLogger,
  Logger,
  LoggerProvider,
  MeterProvider,
  Span,
  SpanKind,
  SpanStatusCode,
  TextMapPropagator,
  TracerProvider,
} from '@opentelemetry/api';

/**
 * The globals of OpenTelemetry, read where all copies of its API keep them. The API's own functions
 * would require a package that an application without OpenTelemetry lacks, and they do not see what an older
 * version of the API registered.
 */
interface Registered {
  readonly trace?: TracerProvider;
  readonly metrics?: MeterProvider;
  readonly context?: ContextManager;
  readonly propagation?: TextMapPropagator;
  /** Since 1.10 of the API. */
  readonly logs?: LoggerProvider;
  readonly diag?: DiagLogger;
}

const API = Symbol.for('opentelemetry.js.api.1');
const NOTHING: Registered = {};

export function registeredApi(): Registered {
  return (globalThis as { [API]?: Registered })[API] ?? NOTHING;
}

/** Keys of the API in a context; registered symbols, the same in all of its copies. */
const SPAN = Symbol.for('OpenTelemetry Context Key SPAN');
const BAGGAGE = Symbol.for('OpenTelemetry Baggage Key');

interface Members {
  readonly client: SpanKind.CLIENT;
  readonly internal: SpanKind.INTERNAL;
  readonly error: SpanStatusCode.ERROR;
}

/** Members of the API's enums, for the kind and the status of spans. */
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- only the API's types are imported
export const MEMBER: Members = { client: 2, internal: 0, error: 2 };

export function activeContext(): Context {
  return registeredApi().context?.active() ?? ROOT;
}

/** Logger of a scope; undefined if no provider is registered. */
export function registeredLogger(...scope: Parameters<LoggerProvider['getLogger']>): Logger | undefined {
  return registeredApi().logs?.getLogger(...scope);
}

export function runInContext(context: Context, fn: () => void): void {
  const manager = registeredApi().context;
  if (manager) manager.with(context, fn);
  else fn();
}

/** The context with another active span. The API's own method would copy all values. */
export function withSpan(context: Context, span: Span): Context {
  return new SpanContext(context, span);
}

class SpanContext implements Context {
  readonly #outer: Context;
  readonly #span: Span;

  constructor(outer: Context, span: Span) {
    this.#outer = outer;
    this.#span = span;
  }

  getValue(key: symbol): unknown {
    return key === SPAN ? this.#span : this.#outer.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return this.#outer.setValue(SPAN, this.#span).setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return key === SPAN ? this.#outer.deleteValue(key) : this.#outer.setValue(SPAN, this.#span).deleteValue(key);
  }
}

/** Headers that carry the trace of a context to a third party; baggage is private to the application. */
export function traceHeaders(context: Context): Record<string, string> {
  const headers: Record<string, string> = {};
  registeredApi().propagation?.inject(context.deleteValue(BAGGAGE), headers, {
    set(carrier: Record<string, string>, key, value) {
      carrier[key] = value;
    },
  });
  return headers;
}

/** The context to use without a context manager. */
class PlainContext implements Context {
  readonly #values: ReadonlyMap<symbol, unknown>;

  constructor(values: ReadonlyMap<symbol, unknown>) {
    this.#values = values;
  }

  getValue(key: symbol): unknown {
    return this.#values.get(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new PlainContext(new Map(this.#values).set(key, value));
  }

  deleteValue(key: symbol): Context {
    const values = new Map(this.#values);
    values.delete(key);
    return new PlainContext(values);
  }
}

const ROOT: Context = new PlainContext(new Map());
