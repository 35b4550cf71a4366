import type { Attributes } from '@opentelemetry/api';
import type { CallInfo, GuardEvent } from '../core/events.ts';
import { isFailure } from './call-result.ts';
import { ATTR, OTHER, REQUEST_PREFIX } from './names.ts';
import type { Semconv } from './semconv.ts';
import { attemptErrorType, errorTypeOnSpan } from './status.ts';

/** What is known of a call before it is sent; set when the span starts, since samplers decide by it. */
export function startAttributes(call: CallInfo, common: Attributes): Attributes {
  const attributes: Attributes = {
    ...common,
    [ATTR.operation]: call.operation,
    [ATTR.provider]: call.provider,
    [ATTR.requestStream]: call.stream,
  };
  if (call.model !== undefined) attributes[ATTR.requestModel] = call.model;
  if (call.serverAddress !== undefined) {
    attributes[ATTR.serverAddress] = call.serverAddress;
    if (call.serverPort !== undefined) attributes[ATTR.serverPort] = call.serverPort;
  }
  for (const key in call.attributes) attributes[requestKey(key)] = call.attributes[key];
  return attributes;
}

/** What came of an attempt. */
export function attemptAttributes(event: Extract<GuardEvent, { type: 'attempt.end' }>): Attributes {
  const { status, requestId, outcome } = event;
  const attributes: Attributes = {};
  if (status !== undefined) attributes[ATTR.statusCode] = status;
  if (requestId !== undefined) attributes[ATTR.requestId] = requestId;
  if (outcome !== 'ok' && outcome !== 'cancelled') {
    attributes[ATTR.errorType] = attemptErrorType(event.code, status, outcome);
  }
  return attributes;
}

/** What came of a call. `firstChunkMs` is the time to the first content of a stream. */
export function endAttributes(
  event: Extract<GuardEvent, { type: 'call.end' }>,
  firstChunkMs: number | undefined,
  semconv: Semconv,
): Attributes {
  const { usage, response, outcome } = event;
  const attributes: Attributes = {
    [ATTR.attempts]: event.attempts,
    [ATTR.outcome]: outcome,
    [ATTR.waitPacerMs]: event.waitedPacerMs,
    [ATTR.waitBulkheadMs]: event.waitedBulkheadMs,
    [ATTR.retryDelayMs]: event.retryDelayMs,
  };
  if (response.id !== undefined) attributes[ATTR.responseId] = response.id;
  if (response.model !== undefined) attributes[ATTR.responseModel] = response.model;
  if (response.finishReasons?.length) attributes[ATTR.finishReasons] = [...response.finishReasons];
  if (firstChunkMs !== undefined) attributes[ATTR.timeToFirstChunk] = firstChunkMs / 1_000;
  if (usage) {
    attributes[ATTR.inputTokens] = usage.inputTokens;
    attributes[ATTR.outputTokens] = usage.outputTokens;
    if (usage.cacheReadTokens > 0) attributes[ATTR.cacheReadTokens] = usage.cacheReadTokens;
    if (usage.cacheWriteTokens > 0) attributes[ATTR.cacheWriteTokens] = usage.cacheWriteTokens;
    if (usage.reasoningTokens > 0) attributes[ATTR.reasoningTokens] = usage.reasoningTokens;
  }
  if (typeof event.costUsd === 'number') attributes[ATTR.cost] = event.costUsd;
  if (semconv === 'dup' && event.attempts > 1) attributes[ATTR.resendCount] = event.attempts - 1;
  if (isFailure(outcome)) attributes[ATTR.errorType] = errorTypeOnSpan(event.errorType) ?? OTHER;
  return attributes;
}

const requestKeys = new Map<string, string>();

/** Full key of a sampling parameter; kept, since building a property key costs more than looking one up. */
function requestKey(suffix: string): string {
  let key = requestKeys.get(suffix);
  if (key === undefined) requestKeys.set(suffix, (key = REQUEST_PREFIX + suffix));
  return key;
}
