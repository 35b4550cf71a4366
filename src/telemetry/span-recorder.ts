import type { Attributes, Context, Span, SpanOptions, SpanStatus, Tracer, TracerProvider } from '@opentelemetry/api';
import { PrivateFieldMap } from '../core/private-field-map.ts';
import type { CallInfo, GuardEvent } from '../core/events.ts';
import { isFailure } from './call-result.ts';
import { ATTEMPT_SPAN, ATTR, EVENT, EVENT_ATTR, SCOPE, VERSION } from './names.ts';
import { activeContext, registeredApi, MEMBER, traceHeaders, withSpan } from './otel-api.ts';
import { isProxy } from './otel-globals.ts';
import { recordException } from './record-exception.ts';
import { SCHEMA_URLS, type Semconv } from './semconv.ts';
import { attemptAttributes, endAttributes, orderAttributes, startAttributes } from './span-attributes.ts';

export interface SpanSettings {
  /** Undefined for the global provider, current or future. */
  readonly tracerProvider: TracerProvider | undefined;
  readonly attributes: Attributes;
  readonly semconv: Semconv;
}

interface OpenCall {
  readonly span: Span;
  readonly context: Context;
  /** False if the sampler dropped the call: then only the context is propagated. */
  readonly recording: boolean;
  attempt: OpenAttempt | undefined;
  queued: number;
  firstChunkMs: number | undefined;
  /** USD of attempts that another one replaced. */
  spentUsd: number;
}

interface OpenAttempt {
  readonly number: number;
  readonly span: Span;
  readonly context: Context;
  ended: boolean;
}

const INTERNAL: SpanOptions = { kind: MEMBER.internal };
const ERROR: SpanStatus = { code: MEMBER.error };
const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/** Turns events into spans. May throw what a tracer throws; the caller guards. */
export class SpanRecorder {
  readonly #settings: SpanSettings;
  // Keyed weakly by call: a call without an end event must not leak.
  readonly #calls = new PrivateFieldMap<OpenCall>();
  /** The same for every attempt. */
  readonly #attemptOptions: SpanOptions;
  #provider: TracerProvider | undefined;
  #tracer: Tracer | undefined;

  constructor(settings: SpanSettings) {
    this.#settings = settings;
    const { attributes } = settings;
    // Without attributes there are none to check.
    this.#attemptOptions = Object.keys(attributes).length > 0 ? { kind: MEMBER.internal, attributes } : INTERNAL;
  }

  onEvent(event: GuardEvent): void {
    switch (event.type) {
      case 'call.start':
        this.#start(event.call);
        return;
      case 'pause':
      case 'limit':
      case 'belief':
      case 'circuit':
      case 'unguarded':
      case 'warning':
      case 'settled':
      case 'repeated':
      case 'stream.chunk':
      case 'hits.lost':
      case 'shared.mode':
      case 'shared.exchange':
        return;
      default: {
        const open = this.#calls.get(event.call);
        if (!open) return;
        if (open.recording) this.#record(open, event);
        else if (event.type === 'call.end') this.#calls.set(event.call, undefined);
      }
    }
  }

  /** Whether there was a tracer when the latest call began. */
  get recording(): boolean {
    return this.#tracer !== undefined;
  }

  /** Context of an attempt, for the spans of lower layers; undefined when there is none to activate. */
  attemptContext(call: CallInfo, attempt: number): Context | undefined {
    const open = this.#calls.get(call);
    if (!open) return undefined;
    return open.attempt?.number === attempt ? open.attempt.context : open.context;
  }

  propagationHeaders(call: CallInfo, attempt: number): Readonly<Record<string, string>> {
    const active = this.attemptContext(call, attempt);
    return active ? traceHeaders(active) : NO_HEADERS;
  }

  /** Undefined until an SDK is registered, so that calls cost nothing before. */
  #currentTracer(): Tracer | undefined {
    const provider = this.#settings.tracerProvider ?? registeredApi().trace;
    if (provider === this.#provider && this.#tracer) return this.#tracer;
    this.#provider = provider;
    if (!provider) return (this.#tracer = undefined);
    const schemaUrl = SCHEMA_URLS[this.#settings.semconv];
    const options = schemaUrl === undefined ? {} : { schemaUrl };
    this.#tracer = isProxy(provider)
      ? provider.getDelegateTracer(SCOPE, VERSION, options)
      : provider.getTracer(SCOPE, VERSION, options);
    return this.#tracer;
  }

  #start(call: CallInfo): void {
    const tracer = this.#currentTracer();
    if (!tracer) return;
    const parent = activeContext();
    const name = call.model === undefined ? call.operation : `${call.operation} ${call.model}`;
    const span = tracer.startSpan(
      name,
      { kind: MEMBER.client, attributes: startAttributes(call, this.#settings.attributes) },
      parent,
    );
    this.#calls.set(call, {
      span,
      context: withSpan(parent, span),
      recording: span.isRecording(),
      attempt: undefined,
      queued: 0,
      firstChunkMs: undefined,
      spentUsd: 0,
    });
  }

  #record(open: OpenCall, event: Exclude<GuardEvent, { type: 'call.start' | LaneEventType }>): void {
    const { span } = open;
    switch (event.type) {
      case 'queued':
        open.queued = event.depth;
        return;
      case 'admitted':
        if (event.waitedMs <= 0) return;
        if (event.stage === 'bulkhead') {
          span.addEvent(EVENT.bulkheadWait, {
            [EVENT_ATTR.queued]: open.queued,
            [EVENT_ATTR.delayMs]: event.waitedMs,
          });
        } else {
          span.addEvent(EVENT.pacerWait, {
            [EVENT_ATTR.delayMs]: event.waitedMs,
            [EVENT_ATTR.dimension]: event.cause,
          });
        }
        return;
      case 'attempt.start':
        this.#attemptStarted(open, event.attempt);
        return;
      case 'attempt.end':
        attemptEnded(open, event);
        return;
      case 'attempt.spent':
        open.spentUsd += event.costUsd ?? 0;
        return;
      case 'rate_limited':
        span.addEvent(EVENT.rateLimitHit, {
          [EVENT_ATTR.dimension]: event.dimension,
          ...(event.limit === undefined ? {} : { [EVENT_ATTR.limit]: event.limit }),
          ...(event.remaining === undefined ? {} : { [EVENT_ATTR.remaining]: event.remaining }),
          ...(event.resetMs === undefined ? {} : { [EVENT_ATTR.resetSeconds]: event.resetMs / 1_000 }),
        });
        return;
      case 'retry':
        span.addEvent(EVENT.retry, {
          [EVENT_ATTR.attempt]: event.attempt,
          [EVENT_ATTR.reason]: event.reason,
          [EVENT_ATTR.delayMs]: event.delayMs,
          [EVENT_ATTR.delaySource]: event.delaySource,
          ...(event.status === undefined ? {} : { [ATTR.statusCode]: event.status }),
        });
        return;
      case 'give_up':
        span.setAttribute(ATTR.giveUpReason, event.reason);
        if (event.reason === 'circuit') span.addEvent(EVENT.circuitRejected, { [EVENT_ATTR.circuit]: event.call.lane });
        return;
      case 'stream.first_chunk':
        open.firstChunkMs = event.sinceStartMs;
        span.addEvent(EVENT.firstChunk);
        return;
      case 'stream.end':
        if (event.outcome === 'interrupted') span.addEvent(EVENT.interrupted);
        return;
      case 'call.end':
        this.#calls.set(event.call, undefined);
        try {
          if (open.attempt) abandonAttempt(open.attempt);
          span.setAttributes(endAttributes(event, open, this.#settings.semconv));
          // A failed attempt does not make the call a failure.
          if (isFailure(event.outcome)) {
            span.setStatus(ERROR);
            recordException(open, event, this.#settings.semconv);
          }
        } finally {
          span.end();
        }
        return;
    }
  }

  #attemptStarted(open: OpenCall, number: number): void {
    const tracer = this.#currentTracer();
    if (!tracer) return;
    // An attempt that the breaker rejected at the last moment was never sent and has no end event.
    if (open.attempt) abandonAttempt(open.attempt);
    const span = tracer.startSpan(ATTEMPT_SPAN, this.#attemptOptions, open.context);
    open.attempt = { number, span, context: withSpan(open.context, span), ended: false };
  }
}

/** Events of a lane, for which there is no span. */
type LaneEventType =
  | 'pause'
  | 'limit'
  | 'belief'
  | 'circuit'
  | 'unguarded'
  | 'warning'
  | 'settled'
  | 'repeated'
  | 'stream.chunk'
  | 'hits.lost';

function attemptEnded({ attempt }: OpenCall, event: Extract<GuardEvent, { type: 'attempt.end' }>): void {
  if (!attempt || attempt.ended || attempt.number !== event.attempt) return;
  attempt.span.setAttributes(attemptAttributes(event));
  if (event.outcome !== 'ok' && event.outcome !== 'cancelled') attempt.span.setStatus(ERROR);
  endAttempt(attempt);
}

/** An attempt that was rejected at the last moment has no end event to identify it. */
function abandonAttempt(attempt: OpenAttempt): void {
  if (!attempt.ended) attempt.span.setAttributes(orderAttributes(attempt.number));
  endAttempt(attempt);
}

function endAttempt(attempt: OpenAttempt): void {
  if (attempt.ended) return;
  attempt.ended = true;
  attempt.span.end();
}
