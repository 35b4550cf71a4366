import type { Attempt } from '../../core/attempt.ts';
import type { Call } from '../../core/call.ts';
import type { Clock } from '../../core/clock.ts';
import type { BodyWatch } from '../body/abandoned-bodies.ts';
import type { FinalEvents } from '../body/final-events.ts';
import type { Family } from '../provider.ts';
import type { CallerStack } from './caller-stack.ts';
import type { MakeRequest, ResponseProps, SdkClient, SdkRequestOptions } from './sdk-client.ts';

/** What the seam needs of the guard. */
export interface SeamHost {
  readonly family: Family;
  readonly clock: Clock;
  readonly watch: BodyWatch;
  readonly finalEvents: FinalEvents;
  /** Retries of a call that does not set its own, in place of the SDK's default. */
  readonly defaultRetries: number;
  /** Begins a logical call of this client. @throws when the guard is closed. */
  begin(options: SdkRequestOptions, retries: number): Call;
  /** Headers that carry the trace of an attempt; undefined when none do. */
  readonly propagationHeaders: ((attempt: Attempt) => Readonly<Record<string, string>>) | undefined;
}

/** A delivered body that the SDK may request again, by its request's options and log id. */
export interface LateBody {
  readonly options: SdkRequestOptions;
  readonly logId: string;
  readonly request: { refetch(options: SdkRequestOptions, logId: string): Promise<ResponseProps> };
}

/** The request path of one client that was taken over, as requests and their bodies see it. */
export interface ClientSeam {
  readonly client: SdkClient;
  readonly host: SeamHost;
  /** The SDK's own. */
  readonly makeRequest: MakeRequest;
  /** Only openai >= 7.5 retries a body that does not arrive. */
  readonly retriesBodies: boolean;
  /** Whether the SDK turns a named error event into an error without headers: openai before 7.5, and groq. */
  readonly losesHeaders: boolean;
  /** Old SDKs decide in one turn, so an error's body must be read before they see its head. */
  readonly decidesAtOnce: boolean;
  /** Retries that a request starts with. */
  retriesOf(options: SdkRequestOptions): number;
  /** Call before a request is sent. */
  watchFetch(): void;
  nameCaller(error: unknown, caller: CallerStack): void;
  remember(body: LateBody): void;
  forget(body: LateBody): void;
}
