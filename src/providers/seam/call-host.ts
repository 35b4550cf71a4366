import type { Attempt } from '../../core/attempt.ts';
import type { Call } from '../../core/call.ts';
import type { ErrorFactory } from '../../core/call-settings.ts';
import type { Clock } from '../../core/clock.ts';
import type { ProviderAdapter, ProviderName, RequestInfo, RequestLike } from '../../core/provider.ts';
import type { BodyWatch } from '../body/abandoned-bodies.ts';
import type { FinalEvents } from '../body/final-events.ts';

/** Whose limits a call counts against, before its model is known. */
export interface Account {
  readonly provider: ProviderName;
  readonly baseURL: string;
  /** Digest of the credential; never the credential. */
  readonly credential: string;
}

/** What a request path (the SDKs' seam, the guarded fetch) provides to begin a call. */
export interface CallStart {
  readonly account: Account;
  readonly adapter: ProviderAdapter;
  readonly request: RequestInfo;
  readonly sent: RequestLike;
  /** Attempts that may follow the first. */
  readonly retries: number;
  /** Looks up a request header by its lower-case name; used only when a call fails. */
  readonly header: (name: string) => string | undefined;
  readonly errors: ErrorFactory;
  readonly signal: AbortSignal | undefined;
}

/** The guard, as the request paths see it. */
export interface CallHost {
  readonly clock: Clock;
  readonly watch: BodyWatch;
  readonly finalEvents: FinalEvents;
  /** Maximum attempts of a call that does not set its own. */
  readonly maxAttempts: number;
  /** What to do with spans that an SDK emits itself; undefined when tidegate emits none. */
  readonly sdkSpans: 'suppress' | 'nest' | 'default' | undefined;
  /** The application's tokenizer, if it set one. */
  readonly countTokens: ((body: unknown) => number) | undefined;
  /** Called when a client of this provider is guarded, so that its series can start at zero. */
  guarding(provider: ProviderName): void;
  /** Begins a logical call. Throws the error of a closed guard in the caller's own class. */
  begin(start: CallStart): Call;
  /** Headers that carry the trace of an attempt; empty when propagation is off. */
  propagationHeaders(attempt: Attempt): Readonly<Record<string, string>>;
  warn(message: string): void;
}
