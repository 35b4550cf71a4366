import type { ResponseInfo } from '../../core/provider.ts';
import { identifier } from '../../core/server-text.ts';
import { asObject, asText } from '../parse/json.ts';
import type { JsonObject } from '../parse/json.ts';

/** Maximum number of finish reasons: one a choice. */
export const MAX_REASONS = 128;
const MAX_REASON_LENGTH = 64;
/** Anthropic's fast mode has limits of its own, and is no service tier. */
const FAST = 'fast';

/** Model, id and finish reasons of a body, or of one event of a stream, of OpenAI, Azure and Groq. */
export function openAIResponseInfo(body: JsonObject): ResponseInfo {
  const source = asObject(body['response']) ?? body;
  const known = info(source['id'], source['model'], choiceReasons(source) ?? responsesReason(source));
  const serviceTier = identifier(source['service_tier'], MAX_REASON_LENGTH);
  const systemFingerprint = identifier(source['system_fingerprint'], MAX_REASON_LENGTH);
  if (serviceTier === undefined && systemFingerprint === undefined) return known;
  return {
    ...known,
    ...(serviceTier === undefined ? {} : { serviceTier }),
    ...(systemFingerprint === undefined ? {} : { systemFingerprint }),
  };
}

/** The same for Anthropic's message, whole or from `message_start` and `message_delta`. */
export function anthropicResponseInfo(body: JsonObject): ResponseInfo {
  const message = asObject(body['message']) ?? body;
  const reason = asText(message['stop_reason']) ?? asText(asObject(body['delta'])?.['stop_reason']);
  const known = info(message['id'], message['model'], reason === undefined ? undefined : [reason]);
  const usage = asObject(message['usage']);
  const serviceTier = usage?.['speed'] === FAST ? FAST : identifier(usage?.['service_tier'], MAX_REASON_LENGTH);
  return serviceTier === undefined ? known : { ...known, serviceTier };
}

function choiceReasons(source: JsonObject): string[] | undefined {
  const choices = source['choices'];
  if (!Array.isArray(choices)) return undefined;
  const reasons = choices.map((choice) => asText(asObject(choice)?.['finish_reason']));
  return reasons.some((reason) => reason !== undefined) ? reasons.map((reason) => reason ?? NO_REASON) : undefined;
}

/** The conventions' word for a missing finish reason. */
export const NO_REASON = 'error';

/** The Responses API has a status in place of finish reasons; `incomplete` says why. */
function responsesReason(source: JsonObject): string[] | undefined {
  if (source['object'] !== 'response') return undefined;
  const status = asText(source['status']);
  if (status === undefined || status === 'in_progress' || status === 'queued') return undefined;
  if (status === 'failed' || status === 'cancelled') return [NO_REASON];
  return [asText(asObject(source['incomplete_details'])?.['reason']) ?? status];
}

/** A finish reason, if it is safe to record. */
export function reasonOf(reason: string): string {
  return identifier(reason, MAX_REASON_LENGTH) ?? reason;
}

function info(id: unknown, model: unknown, finishReasons: string[] | undefined): ResponseInfo {
  const known: { -readonly [K in keyof ResponseInfo]: ResponseInfo[K] } = {};
  const idText = identifier(id);
  const modelText = identifier(model);
  if (idText !== undefined) known.id = idText;
  if (modelText !== undefined) known.model = modelText;
  if (finishReasons) known.finishReasons = finishReasons.slice(0, MAX_REASONS).map(reasonOf);
  return known;
}
