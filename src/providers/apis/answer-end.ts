import { asObject, asText } from '../parse/json.ts';
import type { JsonObject } from '../parse/json.ts';

/** Pattern of the final events that are known by the `type` in their data. */
export const FINAL_TYPES: string = String.raw`response\.(?:completed|incomplete|failed|cancelled)|image_(?:generation|edit)\.completed|transcript\.text\.done|speech\.audio\.done`;

/** Typed events of answers that end with one of FINAL: responses, pictures, transcripts, speech, runs of assistants. */
const TYPED = /^(?:response\.|image_(?:generation|edit)\.|transcript\.|speech\.audio\.|thread\.)/;
const FINAL: RegExp = new RegExp(
  String.raw`^(?:${FINAL_TYPES}|thread\.run\.(?:completed|incomplete|failed|cancelled|expired|requires_action))$`,
);

/** Follows the events of an OpenAI-style stream to the end of its answer. */
export class AnswerEnd {
  /** Undefined until an event belongs to an API whose answers have a final event. */
  finished: boolean | undefined;
  readonly #choices: number;
  readonly #ended = new Set<unknown>();

  /** `choices`: how many answers the request asked for, each of which ends by itself. */
  constructor(choices: number) {
    this.#choices = choices;
  }

  /** `[DONE]`: whatever the API. */
  done(): void {
    this.finished = true;
  }

  ofType(type: string): void {
    if (FINAL.test(type)) this.finished = true;
    else if (TYPED.test(type)) this.finished ??= false;
  }

  note(event: JsonObject): void {
    const type = asText(event['type']);
    if (type !== undefined) this.ofType(type);
    const { choices } = event;
    if (!Array.isArray(choices)) return;
    this.finished ??= false;
    for (const each of choices) {
      const choice = asObject(each);
      if (asText(choice?.['finish_reason']) !== undefined) this.#ended.add(choice!['index']);
    }
    if (this.#ended.size >= this.#choices) this.finished = true;
  }
}
