import type { ResponseInfo } from '../../core/provider.ts';
import { identifier } from '../../core/server-text.ts';
import { asObject, asText } from '../parse/json.ts';
import type { JsonObject } from '../parse/json.ts';

/** A choice has one, and nobody asks for more choices. */
export const MAX_REASONS = 128;
const MAX_REASON_LENGTH = 64;

/** Model, id and finish reasons of a body, or of one event of a stream, of OpenAI, Azure and Groq. */
export function openAIResponseInfo(body: JsonObject): ResponseInfo {
  const source = asObject(body['response']) ?? body;
  return info(source['id'], source['model'], choiceReasons(source) ?? responsesReason(source));
}

/** The same of Anthropic's message, whole or as `message_start` and `message_delta` give it. */
export function anthropicResponseInfo(body: JsonObject): ResponseInfo {
  const message = asObject(body['message']) ?? body;
  const reason = asText(message['stop_reason']) ?? asText(asObject(body['delta'])?.['stop_reason']);
  return info(message['id'], message['model'], reason === undefined ? undefined : [reason]);
}

function choiceReasons(source: JsonObject): string[] | undefined {
  const choices = source['choices'];
  if (!Array.isArray(choices)) return undefined;
  const reasons = choices
    .map((choice) => asText(asObject(choice)?.['finish_reason']))
    .filter((reason) => reason !== undefined);
  return reasons.length > 0 ? reasons : undefined;
}

/** The Responses API has a status in place of finish reasons; `incomplete` says why. */
function responsesReason(source: JsonObject): string[] | undefined {
  if (source['object'] !== 'response') return undefined;
  const status = asText(source['status']);
  if (status === undefined || status === 'in_progress' || status === 'queued') return undefined;
  return [asText(asObject(source['incomplete_details'])?.['reason']) ?? status];
}

function reasonOf(reason: string): string {
  return identifier(reason, MAX_REASON_LENGTH) ?? reason;
}

function info(id: unknown, model: unknown, finishReasons: string[] | undefined): ResponseInfo {
  const idText = identifier(id);
  const modelText = identifier(model);
  return {
    ...(idText === undefined ? {} : { id: idText }),
    ...(modelText === undefined ? {} : { model: modelText }),
    ...(finishReasons === undefined ? {} : { finishReasons: finishReasons.slice(0, MAX_REASONS).map(reasonOf) }),
  };
}
