import type { Attempt } from '../../core/attempt.ts';
import type { BodyEnd } from '../../core/body-end.ts';
import type { Clock } from '../../core/clock.ts';
import type { Failure } from '../../core/outcome.ts';
import type { ErrorResponse, ProviderAdapter, StreamReader } from '../../core/provider.ts';
import { UNFINISHED, UNREADABLE } from '../errors/classify-connection.ts';
import { asObject, parseJson } from '../parse/json.ts';
import { endsStreams } from '../registry.ts';
import type { FinalEvents } from './final-events.ts';
import { NonEventBody } from './non-event-body.ts';
import { errorIn } from './read-answer.ts';
import { ERROR_FIELD, SseScanner } from '../apis/sse-scanner.ts';

/** The attempt, as the progress of its stream sees it. */
export interface ContentListener {
  /** `responseModel` is set once the stream has named it. */
  firstContent(responseModel: string | undefined): void;
  /** Called for content after the first if `timesChunks`. */
  furtherContent(): void;
}

/** What the progress of a stream needs to know. Leads to no call: a stream that was read may be kept for long. */
export interface ProgressHooks {
  readonly adapter: ProviderAdapter;
  readonly clock: Clock;
  /** Whether the request is of an API whose answers are known. */
  readonly answers: boolean;
  /** Choices that were asked for. */
  readonly choices: number;
  readonly timesChunks: boolean;
  onFinalEvent(): void;
  /** A stream ended cleanly without its final event. Returns whether that means that it was cut off. */
  isMissing(content: boolean): boolean;
}

export function streamHooks(attempt: Attempt, finalEvents: FinalEvents, baseURL: string): ProgressHooks {
  const { call } = attempt;
  const choices = call.info.attributes['choice.count'];
  return {
    adapter: call.adapter,
    clock: call.clock,
    answers: call.ownsAnswer,
    choices: typeof choices === 'number' ? choices : 1,
    timesChunks: call.timesChunks,
    onFinalEvent: () => finalEvents.came(baseURL),
    isMissing: (content) => finalEvents.isMissing(baseURL, { own: endsStreams(baseURL), content }),
  };
}

/** What is known so far from the events of a stream. */
export class StreamProgress {
  /** True until the first content, or until events are handed over for another reason. */
  holding = true;
  contentSeen = false;
  /** A failure before any content that has not been handled yet. */
  early: Failure | undefined;
  /** The body of an error that no reader of events sees. */
  silentError: object | undefined;
  #error: ErrorResponse | undefined;
  #events = 0;
  #finished = false;
  #ended = false;
  /** No event reported this: the stream ended cleanly before its answer did, or it was not a stream. */
  #flaw: Failure | undefined;
  /** A body sent instead of events. */
  readonly #other = new NonEventBody();
  readonly #hooks: ProgressHooks;
  /** Undefined once the stream has ended. */
  #attempt: ContentListener | undefined;
  readonly #reader: StreamReader;
  readonly #scanner: SseScanner;

  constructor(hooks: ProgressHooks, attempt: ContentListener) {
    this.#hooks = hooks;
    this.#attempt = attempt;
    this.#reader = hooks.adapter.streamReader(hooks.choices);
    this.#scanner = new SseScanner((event, data, clipped) => this.#event(event, data, clipped));
  }

  /** Parses a slice of a chunk; returns where the next one begins. */
  pushSlice(chunk: Uint8Array, from: number): number {
    const begins = this.#events === 0;
    const next = this.#scanner.pushSlice(chunk, from);
    if (begins) this.#other.push(chunk.slice(from, next));
    return next;
  }

  /** The stream has ended in good order. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#scanner.end();
    this.#attempt = undefined;
    if (this.#finished || this.#error) return;
    if (this.#events === 0 && this.#isOther()) return;
    const answer = this.#events === 0 ? this.#hooks.answers : this.#reader.finished() === false;
    if (!answer || !this.#hooks.isMissing(this.contentSeen)) return;
    this.#flaw = UNFINISHED;
    if (!this.contentSeen) this.early ??= UNFINISHED;
  }

  /** Whether the body is an error or a page instead of a stream. */
  #isOther(): boolean {
    if (!this.#hooks.answers) return false;
    const error = errorIn(this.#other.json(), this.#hooks);
    if (error && !error.besideContent) {
      this.#error = { body: error.body };
      this.silentError = error.body;
      this.early ??= error.failure;
      return true;
    }
    if (!this.#other.isPage) return false;
    this.#flaw = UNREADABLE;
    this.early ??= UNREADABLE;
    return true;
  }

  /** Nothing replaces the stream: the application gets it as it arrived. */
  surface(): void {
    this.early = undefined;
    this.holding = false;
  }

  facts(): Pick<BodyEnd, 'usage' | 'response'> {
    return { usage: this.#reader.usage(), response: () => this.#reader.response() };
  }

  result(): BodyEnd {
    const failure = this.#error ? this.#classify(this.#error) : this.#flaw;
    if (!failure) return { outcome: 'completed', ...this.facts() };
    return { outcome: 'interrupted', failure, errorBody: this.#error?.body, ...this.facts() };
  }

  /**
   * The reader stopped. After the last event, or after an error, it has seen everything.
   * Bound here, not in a closure beside the response: see `TrackedBody`.
   */
  readonly cancelled = (): BodyEnd => {
    this.#attempt = undefined;
    return this.#finished || this.#error ? this.result() : { outcome: 'cancelled', ...this.facts() };
  };

  #event(event: string | null, data: string, clipped: boolean): void {
    // The body ended within it: the SDKs do not deliver it, or fail on it.
    if (this.#ended && isTorn(data, clipped)) return;
    const meaning = this.#reader.read(event, data, clipped);
    this.#events++;
    if (!this.#finished && this.#reader.finished()) {
      this.#finished = true;
      this.#hooks.onFinalEvent();
    }
    switch (meaning.kind) {
      case 'preamble':
        return;
      case 'content':
        if (!this.contentSeen && !this.early) this.#attempt?.firstContent(this.#reader.response().model);
        else if (this.contentSeen && this.#hooks.timesChunks) this.#attempt?.furtherContent();
        this.contentSeen = true;
        this.holding = false;
        return;
      case 'done':
        this.holding = false;
        return;
      case 'error':
        if (event === ERROR_FIELD && !this.contentSeen) this.silentError ??= asObject(meaning.error.body);
        if (this.holding) this.early ??= this.#classify(meaning.error);
        this.#error ??= meaning.error;
        return;
    }
  }

  #classify(error: ErrorResponse): Failure {
    return this.#hooks.adapter.classify(error, this.#hooks.clock.wall());
  }
}

/** Whether the end of a body has cut off the data of its last event. */
function isTorn(data: string, clipped: boolean): boolean {
  if (clipped) return !data.trimEnd().endsWith('}');
  return !data.startsWith('[DONE]') && parseJson(data) === undefined;
}
