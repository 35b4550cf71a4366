import type { Attributes } from '@opentelemetry/api';
import type { CallInfo, GuardEvent } from '../core/events.ts';
import { isFailure } from './call-result.ts';
import { ATTR, OTHER, REQUEST_PREFIX } from './names.ts';
import { isInference, type Semconv } from './semconv.ts';
import { attemptErrorType, errorTypeOnSpan } from './status.ts';

/**
 * Attributes for samplers, set when the span starts. The rest follows at its end: an attribute that is set at the
 * start is checked twice by OpenTelemetry's SDK.
 */
export function startAttributes(call: CallInfo, common: Attributes): Attributes {
  const attributes: Attributes = { ...common, [ATTR.operation]: call.operation, [ATTR.provider]: call.provider };
  if (call.model !== undefined) attributes[ATTR.requestModel] = call.model;
  if (call.serverAddress !== undefined) {
    attributes[ATTR.serverAddress] = call.serverAddress;
    if (call.serverPort !== undefined) attributes[ATTR.serverPort] = call.serverPort;
  }
  return attributes;
}

/** Further request attributes. */
function addRequest(call: CallInfo, attributes: Attributes): void {
  if (call.stream) attributes[ATTR.requestStream] = true;
  if (call.outputType !== undefined) attributes[ATTR.outputType] = call.outputType;
  if (isOpenAI(call)) {
    if (call.api !== undefined) attributes[ATTR.openaiApi] = call.api;
    // `auto` requests no tier.
    if (call.tier !== undefined && call.tier !== 'auto') attributes[ATTR.openaiRequestTier] = call.tier;
  }
  for (const key in call.attributes) {
    const value = call.attributes[key]!;
    attributes[requestKey(key)] = typeof value === 'object' ? [...value] : value;
  }
}

/** Providers with `openai.*` attributes in the conventions. */
function isOpenAI({ provider }: CallInfo): boolean {
  return provider === 'openai' || provider === 'azure.ai.openai';
}

/** Number of an attempt within its call. */
export function orderAttributes(attempt: number): Attributes {
  const attributes: Attributes = { [ATTR.attemptNumber]: attempt };
  if (attempt > 1) attributes[ATTR.resendCount] = attempt - 1;
  return attributes;
}

/** Result of an attempt. */
export function attemptAttributes(event: Extract<GuardEvent, { type: 'attempt.end' }>): Attributes {
  const { attempt, status, requestId, outcome } = event;
  const attributes = orderAttributes(attempt);
  if (status !== undefined) attributes[ATTR.statusCode] = status;
  if (requestId !== undefined) attributes[ATTR.requestId] = requestId;
  if (outcome !== 'ok' && outcome !== 'cancelled') {
    attributes[ATTR.errorType] = attemptErrorType(event.code, status, outcome);
  }
  return attributes;
}

interface Learned {
  /** Time to the first content of a stream. */
  readonly firstChunkMs: number | undefined;
  /** USD of attempts whose answers were discarded. */
  readonly spentUsd: number;
}

/** Request and result. */
export function endAttributes(event: EndEvent, { firstChunkMs, spentUsd }: Learned, semconv: Semconv): Attributes {
  const { usage, response, outcome } = event;
  const attributes: Attributes = {
    [ATTR.attempts]: event.attempts,
    [ATTR.outcome]: outcome,
  };
  addRequest(event.call, attributes);
  if (event.waitedPacerMs > 0) attributes[ATTR.waitPacerMs] = event.waitedPacerMs;
  if (event.waitedBulkheadMs > 0) attributes[ATTR.waitBulkheadMs] = event.waitedBulkheadMs;
  if (event.retryDelayMs > 0) attributes[ATTR.retryDelayMs] = event.retryDelayMs;
  if (response.id !== undefined) attributes[ATTR.responseId] = response.id;
  if (response.model !== undefined) attributes[ATTR.responseModel] = response.model;
  const reasons = finishReasons(event);
  if (reasons) attributes[ATTR.finishReasons] = reasons;
  if (isOpenAI(event.call)) {
    if (response.serviceTier !== undefined) attributes[ATTR.openaiResponseTier] = response.serviceTier;
    if (response.systemFingerprint !== undefined) attributes[ATTR.openaiFingerprint] = response.systemFingerprint;
  }
  if (firstChunkMs !== undefined) attributes[ATTR.timeToFirstChunk] = firstChunkMs / 1_000;
  if (usage) {
    attributes[ATTR.inputTokens] = usage.inputTokens;
    // Embeddings and the like have no output.
    if (usage.outputTokens > 0 || isInference(event.call.operation)) attributes[ATTR.outputTokens] = usage.outputTokens;
    if (usage.cacheReadTokens > 0) attributes[ATTR.cacheReadTokens] = usage.cacheReadTokens;
    if (usage.cacheWriteTokens > 0) {
      if (semconv !== 'latest') attributes[ATTR.cacheCreationTokens] = usage.cacheWriteTokens;
      if (semconv !== 'compat') attributes[ATTR.cacheWriteTokens] = usage.cacheWriteTokens;
    }
    if (usage.reasoningTokens > 0) attributes[ATTR.reasoningTokens] = usage.reasoningTokens;
  }
  if (typeof event.costUsd === 'number') attributes[ATTR.cost] = event.costUsd + spentUsd;
  else if (spentUsd > 0) attributes[ATTR.cost] = spentUsd;
  if (semconv === 'dup' && event.attempts > 1) attributes[ATTR.resendCount] = event.attempts - 1;
  if (isFailure(outcome)) attributes[ATTR.errorType] = errorTypeOnSpan(event.errorType) ?? OTHER;
  return attributes;
}

/** One for each choice; `error` for those that a failed or aborted call did not deliver. */
function finishReasons({ call, outcome, attempts, response }: EndEvent): string[] | undefined {
  const { finishReasons: reasons = [] } = response;
  const succeeded = outcome === 'success' || outcome === 'success_after_retry';
  // A request that was never sent generates nothing.
  if (succeeded || !isInference(call.operation) || attempts === 0) return reasons.length > 0 ? [...reasons] : undefined;
  const choices = call.attributes['choice.count'];
  const expected = Math.min(MAX_CHOICES, typeof choices === 'number' ? choices : 1);
  return [...reasons, ...Array.from<string>({ length: Math.max(0, expected - reasons.length) }).fill('error')];
}

const MAX_CHOICES = 128;

type EndEvent = Extract<GuardEvent, { type: 'call.end' }>;

const requestKeys = new Map<string, string>();

/** Full key of a sampling parameter; cached, since building a key costs more than a look-up. */
function requestKey(suffix: string): string {
  let key = requestKeys.get(suffix);
  if (key === undefined) requestKeys.set(suffix, (key = REQUEST_PREFIX + suffix));
  return key;
}
