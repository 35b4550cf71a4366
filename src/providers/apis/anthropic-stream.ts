import type { Usage } from '../../core/outcome.ts';
import type { ResponseInfo, StreamEvent, StreamReader } from '../../core/provider.ts';
import { asObject, parseJson } from '../parse/json.ts';
import type { JsonObject } from '../parse/json.ts';
import { clippedEvent } from './clipped-event.ts';
import { anthropicResponseInfo } from './response-info.ts';
import { anthropicUsage } from './usage.ts';

const CONTENT: StreamEvent = { kind: 'content' };
const PREAMBLE: StreamEvent = { kind: 'preamble' };

/** Events of an answer, which has a final one. Other streams of the API go on for as long as they are read. */
const ANSWER = /^(?:message_(?:start|delta|stop)|content_block_\w+|completion)$/;
const STOP_REASON = /"stop_reason"\s*:\s*"/;
const EVENT_TYPE = /"type"\s*:\s*"([a-z_]+)"/;

/** Reads the streams of Anthropic's Messages API. Only the first and last events are parsed. */
export function anthropicStreamReader(): StreamReader {
  // `message_delta` is cumulative and may repeat only some of the fields of `message_start`.
  let counted: JsonObject = {};
  let response: ResponseInfo = {};
  let finished: boolean | undefined;

  function read(event: string | null, data: string, clipped = false): StreamEvent {
    const type = event ?? EVENT_TYPE.exec(data)?.[1];
    if (finished === undefined && type !== undefined && ANSWER.test(type)) finished = false;
    switch (type) {
      case 'message_stop':
        finished = true;
        return CONTENT;
      case 'completion':
        // The older API of text completions has its reason in the last event.
        if (STOP_REASON.test(data)) finished = true;
        return CONTENT;
      case 'ping':
        return PREAMBLE;
      case 'message_start': {
        const message = parsed(data, clipped);
        note(message, asObject(message['message'] ?? message['response'])?.['usage']);
        return PREAMBLE;
      }
      case 'message_delta': {
        const delta = parsed(data, clipped);
        note(delta, delta['usage']);
        return CONTENT;
      }
      case 'error':
        return { kind: 'error', error: { body: parseJson(data) ?? data } };
      default:
        return CONTENT;
    }
  }

  function parsed(data: string, clipped: boolean): JsonObject {
    return clipped ? clippedEvent(data) : (asObject(parseJson(data)) ?? {});
  }

  function note(parsed: JsonObject, usage: unknown): void {
    const known = Object.entries(asObject(usage) ?? {}).filter(([, value]) => value !== null);
    counted = { ...counted, ...Object.fromEntries(known) };
    response = { ...response, ...anthropicResponseInfo(parsed) };
  }

  return {
    read,
    finished: () => finished,
    usage: (): Usage | undefined => anthropicUsage(counted),
    response: () => response,
  };
}
