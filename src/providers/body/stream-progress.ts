import type { BodyEnd } from '../../core/attempt.ts';
import type { ErrorResponse, StreamReader } from '../../core/provider.ts';
import type { BodyHooks } from './open-body.ts';
import { SseScanner } from '../apis/sse-scanner.ts';

export interface ProgressHooks extends BodyHooks {
  onFirstContent(): void;
}

/** What the events of a stream have said so far. */
export class StreamProgress {
  /** True until the first content, or until events are handed over for another reason. */
  holding = true;
  complete = false;
  /** An error that came before any content and has not been dealt with. */
  early: ErrorResponse | undefined;
  #error: ErrorResponse | undefined;
  #contentSeen = false;
  readonly #hooks: ProgressHooks;
  readonly #reader: StreamReader;
  readonly #scanner: SseScanner;

  constructor(hooks: ProgressHooks) {
    this.#hooks = hooks;
    this.#reader = hooks.adapter.streamReader();
    this.#scanner = new SseScanner((event, data) => this.#event(event, data));
  }

  push(chunk: Uint8Array): void {
    this.#scanner.push(chunk);
  }

  end(): void {
    this.#scanner.end();
  }

  /** Nothing replaces the stream: its own error goes to the application as it came. */
  surfaceEarlyError(): void {
    if (!this.early) return;
    this.early = undefined;
    this.holding = false;
  }

  facts(): Pick<BodyEnd, 'usage' | 'response'> {
    return { usage: this.#reader.usage(), response: () => this.#reader.response() };
  }

  result(): BodyEnd {
    if (!this.#error) return { outcome: 'completed', ...this.facts() };
    const { adapter, clock } = this.#hooks;
    return { outcome: 'interrupted', failure: adapter.classify(this.#error, clock.wall()), ...this.facts() };
  }

  /**
   * The reader stopped. After the last event, or after an error, it has seen what there was.
   * Bound here, not in a closure beside the response: see `TrackedBody`.
   */
  readonly cancelled = (): BodyEnd =>
    this.complete || this.#error ? this.result() : { outcome: 'cancelled', ...this.facts() };

  #event(event: string | null, data: string): void {
    const meaning = this.#reader.read(event, data);
    switch (meaning.kind) {
      case 'preamble':
        return;
      case 'content':
        if (!this.#contentSeen && !this.early) this.#hooks.onFirstContent();
        this.#contentSeen = true;
        this.holding = false;
        return;
      case 'done':
        this.complete = true;
        this.holding = false;
        return;
      case 'error':
        if (this.holding && !this.early) this.early = meaning.error;
        this.#error ??= meaning.error;
        return;
    }
  }
}
